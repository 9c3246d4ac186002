"""The hub of a sharing group: members, agreements, the log of what was shared with whom, the service."""
