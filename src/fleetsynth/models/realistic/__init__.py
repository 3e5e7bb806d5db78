"""The realistic model: services with demand, noise with memory, bursts, stocks."""
