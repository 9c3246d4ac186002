"""Carry STIX objects between providers by TAXII 2.1: a server for a hub, a client for a provider."""
