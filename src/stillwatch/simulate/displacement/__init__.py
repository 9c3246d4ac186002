"""What operators do after a step: the following weeks of a world."""
