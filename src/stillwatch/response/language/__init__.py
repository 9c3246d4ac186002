"""The language of policies: a small subset of Python's syntax, checked and compiled before it is used."""
