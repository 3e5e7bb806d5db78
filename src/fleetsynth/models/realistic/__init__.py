"""The realistic model: services with demand, activities over a nearly white base, stocks."""
