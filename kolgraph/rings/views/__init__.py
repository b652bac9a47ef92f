"""Views: what each kind of trace says of who acts together, in bits against a null."""
