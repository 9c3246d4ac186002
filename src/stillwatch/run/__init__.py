"""The run folder: where its parts stand, how they are written and read, and what proves them unchanged."""
