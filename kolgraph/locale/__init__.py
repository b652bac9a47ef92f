"""Catalogues of text, one per language, and the way each language writes numbers, money and times."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from importlib import resources
from types import MappingProxyType

from kolgraph.errors import UnknownName

LANGUAGES = ("en", "zh")
NOTHING = "–"
_STEPS = {"en": ((1e9, "B"), (1e6, "M")), "zh": ((1e8, "亿"), (1e4, "万"))}
# Planners in China read Beijing time, which has no summer time; a fixed offset needs no zone database.
_ZONES = {"en": (UTC, "UTC"), "zh": (timezone(timedelta(hours=8)), "北京时间")}


@cache
def catalogue(lang: str) -> Mapping[str, str]:
    """Every text of one language by its key; ``catalogue(lang)["lang"] == lang``.

    Raises
    ------
    UnknownName
        A language that is neither ``en`` nor ``zh``.

    Examples
    --------
    >>> catalogue("zh")["lang"]
    'zh'
    """
    _check(lang)
    raw = resources.files(__package__).joinpath(f"{lang}.json").read_text("utf-8")
    return MappingProxyType(json.loads(raw))


def number(value: float | None, lang: str) -> str:
    """A count the way people of this language read it, with at most three significant places after rounding.

    Parameters
    ----------
    value : float or None
        None and NaN become a dash.
    lang : str
        ``en`` (thousands separators, M, B) or ``zh`` (万, 亿).

    Examples
    --------
    >>> number(1234567, "en"), number(1234567, "zh"), number(0.25, "en")
    ('1.23M', '123万', '0.25')
    """
    _check(lang)
    if value is None or not math.isfinite(value):
        return NOTHING
    (large, largest), (step, unit) = _STEPS[lang]
    if abs(value) >= large * 0.9995:  # from here on rounding in the smaller unit would need another digit
        return _trim(value / large, 3) + largest
    if abs(value) >= step:
        return _trim(value / step, 3) + unit
    return f"{value:,.0f}" if abs(value) >= 100 or float(value).is_integer() else _trim(value, 2)


def money(value: float | None, lang: str) -> str:
    """An amount in CNY, exact to the yuan.

    Examples
    --------
    >>> money(12850, "en"), money(12850, "zh")
    ('¥12,850', '¥1.285万')
    """
    _check(lang)
    if value is None or not math.isfinite(value):
        return NOTHING
    yuan = round(value)
    step, unit = next((pair for pair in _STEPS["zh"] if abs(yuan) >= pair[0]), (1, ""))
    if lang == "en" or not unit:
        return f"¥{yuan:,}"
    return f"¥{yuan / step:,.8f}".rstrip("0").rstrip(".") + unit


def percent(value: float | None, lang: str) -> str:
    """A share of 1 as per cent; what is neither 0 nor 1 is never rounded to them."""
    _check(lang)
    if value is None or not math.isfinite(value):
        return NOTHING
    if 0 < value < 0.001:
        return "<0.1%"
    if 0.999 < value < 1:
        return ">99.9%"
    return f"{100 * value:.0f}%" if value in (0, 1) or 0.1 <= value <= 0.99 else f"{100 * value:.1f}%"


def moment(epoch_ms: float | None, lang: str) -> str:
    """UTC epoch milliseconds as date and time with the name of the clock."""
    _check(lang)
    if epoch_ms is None or not math.isfinite(epoch_ms):
        return NOTHING
    zone, name = _ZONES[lang]
    # From the epoch by addition: fromtimestamp refuses dates before 1970 on some systems.
    when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=float(epoch_ms))
    return f"{when.astimezone(zone):%Y-%m-%d %H:%M} {name}"


def duration(seconds: float | None, lang: str) -> str:
    """A length of time in the unit that fits: seconds, minutes, hours or days."""
    if seconds is None or not math.isfinite(seconds):
        return NOTHING
    unit, length = time_unit(seconds)
    return catalogue(lang)[f"unit.{unit}"].format(n=_trim(seconds / length, 2))


def time_unit(seconds: float) -> tuple[str, float]:
    """The unit a length of time reads best in, and its seconds."""
    units = ((120, "seconds", 1.0), (5400, "minutes", 60.0), (259_200, "hours", 3600.0))
    return next(((unit, length) for end, unit, length in units if seconds < end), ("days", 86400.0))


def _trim(value: float, digits: int) -> str:
    """Rounded to so many significant digits, integer part kept whole, no trailing zeros."""
    places = max(0, digits - 1 - (math.floor(math.log10(abs(value))) if value else 0))
    text = f"{value:,.{min(places, 6)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _check(lang: str) -> None:
    if lang not in LANGUAGES:
        raise UnknownName.among("language", lang, LANGUAGES)
