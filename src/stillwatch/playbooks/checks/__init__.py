"""Checks of the real state, one file for each subject."""
