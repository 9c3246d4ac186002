"""What the bench of ingest reads, and how it is measured."""
