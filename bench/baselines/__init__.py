"""Detectors to compare with, behind one interface: called.Baseline. Our own short versions of published
methods, with their defaults.
"""
