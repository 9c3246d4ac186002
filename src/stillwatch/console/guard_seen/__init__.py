"""What the console sees of a guard: its state, followed, and its newest decisions."""
