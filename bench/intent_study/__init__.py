"""The study of intent: models that have not seen one pipeline, and the baselines beside them."""
