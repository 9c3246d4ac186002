"""How operators work and hide, with one file for each part of their behaviour."""
