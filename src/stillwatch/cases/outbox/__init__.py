"""Messages about cases to the outside: queued with the event that they tell of, delivered later."""
