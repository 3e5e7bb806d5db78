"""Benchmarks, each a ratio measured within one run."""

from fleetsynth.startup import start_lightly

start_lightly()  # as the command line does, and so before anything heavy is imported
