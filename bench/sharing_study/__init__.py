"""The parts of bench/sharing.py, one module each."""
