"""Catalogues of text, one per language."""
