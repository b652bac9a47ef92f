"""One query per file."""
