"""Attacks on each way of sharing, as `bench/leakage.py` runs them."""
