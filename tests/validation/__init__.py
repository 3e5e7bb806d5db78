"""Validation: what it finds, and what it must not find."""
