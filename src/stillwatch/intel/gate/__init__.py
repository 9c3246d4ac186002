"""The gate: nothing leaves unless it is known to be harmless, and a second person has approved it."""
