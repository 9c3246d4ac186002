"""Groups, scores, permits -> campaigns: held-out tests, error control, verdicts on scale, deception and
intent.
"""
