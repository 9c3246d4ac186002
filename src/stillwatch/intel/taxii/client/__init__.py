"""A TAXII 2.1 client that loses nothing and asks politely."""
