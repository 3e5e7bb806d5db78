"""What happens to fleets, looked at: lists, tables, pictures."""
