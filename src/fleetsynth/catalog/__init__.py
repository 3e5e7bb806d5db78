"""Archetypes and defaults as data: one YAML file each, every figure with its source."""
