"""Where datasets lie: local folders and object stores, and what is read there of them."""
