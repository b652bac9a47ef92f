"""Numbers that no generator, table or kernel can take: refused in one line at every door (methods, answers, loads)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from operator import index
from typing import Any

from kolgraph.errors import InputError, option

#: The engines count with so many bits.
_MOST = 2**63 - 1
#: Options that are whole numbers, and in which bounds: a seed goes into generators that take no sign and 32 bits.
WHOLE = {"seed": (0, 2**32 - 1), "max_input": (1, _MOST)}
WHOLE |= dict.fromkeys(("count", "top", "limit"), (-_MOST - 1, _MOST))


def check_numbers(options: Mapping[str, Any]) -> None:
    """Refuse options that hold such a number; what a number means is checked where it is used.

    Raises
    ------
    InputError
        Names the option and the number.

    Examples
    --------
    >>> check_numbers({"seed": 7, "budget": 1.5, "niche": None})
    >>> check_numbers({"relations": {"follow": float("nan")}})
    Traceback (most recent call last):
    kolgraph.errors.InputError: relations=nan: is no number
    """
    for name, value in options.items():
        if name in WHOLE:
            _check_whole(name, value)
        elif name == "max_reject_rate":
            _check_share(name, value)
        else:
            _check_size(name, value)


def _check_whole(name: str, value: Any) -> None:
    least, most = WHOLE[name]
    try:
        fits = value is None or least <= index(value) <= most
    except TypeError:
        fits = False
    if not fits:
        raise InputError(f"{option(name, str(value))}: is no whole number from {least} to {most}")


def _check_share(name: str, value: Any) -> None:
    try:
        fits = 0 <= value <= 1  # which what is no number is not
    except TypeError:
        fits = False
    if not fits:
        raise InputError(f"{option(name, str(value))}: give a share from 0 to 1")


def _check_size(name: str, value: Any) -> None:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple | set | frozenset):
        for part in value:
            _check_size(name, part)
    elif isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"{option(name, str(value))}: is no number")
    elif isinstance(value, int) and abs(value) > _MOST:
        raise InputError(f"{option(name, str(value))}: is too large; nothing here has more than 19 digits")
