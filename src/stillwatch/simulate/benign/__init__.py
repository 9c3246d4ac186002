"""One file for each benign kind of account; each adds a `Kind` to the registry."""
