"""The model: priors, and the table of images it is about."""
