"""Cypher files."""
