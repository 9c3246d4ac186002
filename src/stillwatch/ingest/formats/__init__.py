"""Log formats, one a file. A new one is a new file here that adds a Format to the registry."""
