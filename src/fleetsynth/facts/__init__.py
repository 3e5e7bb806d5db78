"""Looking at data: statistics and pictures."""
