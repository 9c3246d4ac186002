"""The contracts: every table's columns, types and meaning, and the one function that makes keys."""
