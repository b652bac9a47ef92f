"""Workspace: what is known, in one folder: tables, ledger, rejects, coverage, version counters, stored answers."""

from kolgraph.workspace.folder import SCHEMA_VERSION, Workspace

__all__ = ["SCHEMA_VERSION", "Workspace"]
