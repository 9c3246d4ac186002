"""Other forms of what was shared: CSV, JSON lines, MISP and OpenCTI, from a bundle that passed the gate and back."""
