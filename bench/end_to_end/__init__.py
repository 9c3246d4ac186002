"""The parts of `bench/guard_end_to_end.py`."""
