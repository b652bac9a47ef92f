"""What single constructs of Cypher mean on each engine, pinned, so that an upgrade that changes a meaning is seen."""
