"""The two engines that answer Cypher, and the tools of their servers."""
