"""What other gateways send to a guardrail of theirs, and the answers that they understand; one file each."""
