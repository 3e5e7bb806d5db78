"""Checks of a dataset: its form, and its values against the model that it is said to follow."""
