"""Simulated worlds with known truth, and scoring against it."""
