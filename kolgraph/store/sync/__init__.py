"""What the graph database holds, and how it is filled: schema, statements, journal."""
