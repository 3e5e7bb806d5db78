"""The specification's names, over the same code as the engine."""
