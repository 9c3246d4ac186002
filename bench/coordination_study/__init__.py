"""Parts of the study of what sharing among providers brings, and what a member that means harm can do."""
