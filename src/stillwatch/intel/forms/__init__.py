"""Other forms of a bundle that passed the gate: CSV, JSON lines, MISP and OpenCTI, there and back."""
