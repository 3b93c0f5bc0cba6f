"""Reports: results as plain data, and the page that shows them."""
