"""Rows of one frame read at once: what differs from row to row is taken out, and what is left is read once."""
