"""The provider's own store of sharing: what came, from whom, what it matched here, and what was given."""
