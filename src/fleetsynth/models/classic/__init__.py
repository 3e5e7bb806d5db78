"""The classic model: the specification, exact to the last decimal."""
