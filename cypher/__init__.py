"""The Cypher library: one file, one query."""
