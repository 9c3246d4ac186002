"""Stillwatch: the open defence against industrial-scale distillation of language models."""

__version__ = "0.1.0"
