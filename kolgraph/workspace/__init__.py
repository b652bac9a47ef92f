"""Workspace: what is known, in one folder: tables, ledger, rejects, coverage, version counters, stored answers."""

from kolgraph.workspace.folder import Workspace
from kolgraph.workspace.layout import SCHEMA_VERSION

__all__ = ["SCHEMA_VERSION", "Workspace"]
