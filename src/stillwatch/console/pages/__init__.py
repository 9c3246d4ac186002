"""One file for each kind of page: it declares PAGES and ACTS."""
