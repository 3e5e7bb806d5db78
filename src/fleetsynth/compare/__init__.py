"""Two datasets side by side: whether a classifier can tell them apart, and by what."""
