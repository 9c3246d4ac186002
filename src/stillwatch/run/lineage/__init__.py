"""Which campaigns of a run are those of an earlier run, and which campaigns of one run are one family."""
