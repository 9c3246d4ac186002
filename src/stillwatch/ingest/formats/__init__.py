"""Log formats, one per file. A new format is a new file here that adds a Format to the registry."""
