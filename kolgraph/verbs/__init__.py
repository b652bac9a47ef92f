"""Verbs: one file per question asked of a workspace; each asks for the answers it stands on, and stores its own."""
