"""Stored days replayed through a policy: who would be touched, before anything is done to anybody."""
