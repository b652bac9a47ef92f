"""How posts spread: repost trees, their shape, and who moved them."""
