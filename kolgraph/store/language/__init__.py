"""Cypher as both engines read it: tokens, lint, dialect, explanation."""
