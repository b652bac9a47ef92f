"""``python -m kolgraph``."""

from kolgraph.cli import main

main()
