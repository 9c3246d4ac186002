"""How campaigns hide and how they work: one file for each tactic."""
