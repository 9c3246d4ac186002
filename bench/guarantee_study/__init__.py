"""The study of guarantees: its worlds, their changes, and the lines that sum them up."""
