"""Worlds made directly as tables or prompts, where a simulated log would say less or take longer."""
