"""The study of worlds that were not made here: what a run says of one, the targets, and the page."""
