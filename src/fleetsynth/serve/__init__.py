"""Answers of a monitoring system's history, worked out from a scenario when they are asked for."""
