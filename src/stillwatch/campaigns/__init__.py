"""Evidence, scores, permits -> campaigns: who is tested, the three axes, the verdict."""
