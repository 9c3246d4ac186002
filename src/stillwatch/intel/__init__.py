"""Share what was learnt about a campaign with other providers, and never who the customers are."""
