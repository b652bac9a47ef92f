"""A Neo4j server from its jars: no Docker, no root, no installation."""
