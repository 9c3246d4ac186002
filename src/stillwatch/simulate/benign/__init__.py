"""Benign kinds of account, one file each; each adds a `Kind` to the registry."""
