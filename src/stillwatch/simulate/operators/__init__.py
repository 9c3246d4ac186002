"""How operators work and hide: one file for each part of their behaviour."""
