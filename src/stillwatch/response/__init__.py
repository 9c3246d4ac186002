"""Campaigns, policy -> decisions: the ladder of steps, the rules that choose among them, and what they would
have done on days that are stored.
"""
