"""Log formats that a world can be written in, one file each; each adds a `Writer` to the registry."""
