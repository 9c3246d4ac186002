"""What Acme adds to Stillwatch."""
