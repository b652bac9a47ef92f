"""Views: sides from which coordination shows, each with evidence in bits against what chance and habit explain."""

from kolgraph.rings.views.synchrony import Group, Synchrony, find_synchronised

__all__ = ["Group", "Synchrony", "find_synchronised"]
