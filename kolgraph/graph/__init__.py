"""Graph: a frozen snapshot of who acts on whom, and its ways in and out."""

from kolgraph.graph.graph import CSR, Graph, check_weights
from kolgraph.graph.snapshot import RELATIONS

__all__ = ["CSR", "RELATIONS", "Graph", "check_weights"]
