"""Where the time of sketching goes."""
