"""Cases in the forms that security products read: no text of anybody, no thresholds, no detectors."""
