"""Keyed sketches of templates that operators wrote: two members see that they look alike, within an epoch."""
