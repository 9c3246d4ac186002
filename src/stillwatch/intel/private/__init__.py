"""Finding the same operator at two providers without naming accounts: tokens, overlaps, keyed sketches."""
