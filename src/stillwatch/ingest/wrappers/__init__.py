"""What log shippers put around a log's own rows, taken off row by row."""
