"""The study of evasions: what was found of each world, and the figure of recall against cost."""
