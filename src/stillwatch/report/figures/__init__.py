"""The report's figures: each a function from rows to inline SVG, one file each."""
