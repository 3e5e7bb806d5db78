"""The report: a dataset summed up in one pass, its details in a second, and one HTML file."""
