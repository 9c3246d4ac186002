"""Figures that only the console has; those of the report are in report/figures."""
