"""``python -m fleetsynth``."""

from fleetsynth.cli import main

main()
