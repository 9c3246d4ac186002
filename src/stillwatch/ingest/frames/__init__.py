"""Rows of one frame: what differs from row to row is taken out, and what is left is read once."""
