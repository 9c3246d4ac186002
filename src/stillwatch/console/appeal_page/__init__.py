"""The page behind the link of a notice: what a customer sees, and where an appeal is written."""
