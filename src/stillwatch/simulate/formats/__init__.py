"""One file for each log format that a world can be written in; each adds a `Writer` to the registry."""
