"""A TAXII 2.1 server that knows who may read what, and who has read what."""
