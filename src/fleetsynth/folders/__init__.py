"""Dataset folders: planned parts, published whole, committed by a manifest."""
