"""Simulated worlds with the truth known, and scoring against it."""
