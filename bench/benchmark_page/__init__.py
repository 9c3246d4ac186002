"""The benchmark's page: its worlds, its tables, its picture and its targets."""
