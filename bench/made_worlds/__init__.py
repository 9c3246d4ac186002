"""Worlds made directly as tables or prompts, where a simulated log would show less or take longer."""
