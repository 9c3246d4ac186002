"""Detectors to compare with, behind one interface: called.Baseline.

They are our own short versions of published methods, with their defaults.
"""
