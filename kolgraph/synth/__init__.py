"""Sample worlds with planted truth, to test methods on and to learn with: no real person, post or brand is in them."""

from __future__ import annotations

from kolgraph.synth.thinning import thin_follows
from kolgraph.synth.world import World, make_world

__all__ = ["World", "make_world", "thin_follows"]
