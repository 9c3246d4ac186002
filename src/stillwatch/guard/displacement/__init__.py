"""What operators did after a step, measured from two runs."""
