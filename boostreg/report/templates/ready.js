performance.mark('boostreg:ready');
