"""Groups and content -> evidence: tests, e-values, error control and bounds on what did not form a group."""
