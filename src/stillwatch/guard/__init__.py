"""Decisions inline at the gateway: a published state, a policy, one core, and thin adapters."""
