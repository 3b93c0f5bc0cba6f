"""Files of the libraries, rewritten so that the bare library predicts alone."""
