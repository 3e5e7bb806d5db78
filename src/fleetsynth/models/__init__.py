"""How a value comes about: pure functions from arrays to arrays."""
