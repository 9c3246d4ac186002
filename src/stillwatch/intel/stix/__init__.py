"""STIX 2.1: what is made of a campaign, and the checks of what comes in and goes out."""
