"""A plan as the series of a monitoring system: their names, which are meant, and their samples."""
