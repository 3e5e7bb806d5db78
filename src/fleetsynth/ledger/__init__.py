"""What happens to a fleet, told and drawn, found from a window alone."""
