"""The study of guarantees: its worlds, the changes they go through, and the lines that sum them up."""
