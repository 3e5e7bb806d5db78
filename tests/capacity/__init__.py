"""What runs out, and when: series whose answer is known."""
