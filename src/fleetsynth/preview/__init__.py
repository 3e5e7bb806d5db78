"""Pictures of a scenario before it is generated."""
