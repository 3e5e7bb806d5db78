"""The real command line."""
