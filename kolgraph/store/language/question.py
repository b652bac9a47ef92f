"""A checked query, and its answer in plain types."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kolgraph.cypher import Column, Query, is_name, load_query
from kolgraph.errors import InputError, StoreError

if TYPE_CHECKING:
    import pyarrow as pa


_PROFILE = re.compile(r"^\s*PROFILE\b", re.IGNORECASE)


@dataclass(frozen=True)
class Question:
    """A checked query: portable text, values for exactly its parameters, and the query of the library if it is one."""

    text: str
    parameters: Mapping[str, Any]
    named: Query | None = None

    @property
    def columns(self) -> tuple[Column, ...]:
        """Its columns, where they are declared."""
        return self.named.columns if self.named else ()


def prepare(query: str, given: Mapping[str, Any], *, native: bool = False) -> Question:
    """Turn a name or a text into a `Question`; of a native text only bounds and parameters are checked here.

    Raises
    ------
    UnknownName
        There is no query of that name.
    InputError
        A parameter is unknown, missing or of another type; or a text writes, or leaves the portable subset.
    """
    from kolgraph.store.language.dialect import check_portable, check_read_only, tokens
    from kolgraph.store.language.tokens import check_untaken

    if is_name(query):
        named = load_query(query)
        return Question(named.text, named.bind(given), named)
    if native:
        check_untaken(query)
        if strange := [name for name in given if f"${name}" not in query]:
            raise InputError(f"query: parameter {strange[0]!r} is not in the text")
        return Question(query, given)
    check_read_only(query)
    check_portable(query, given)
    wanted = {token.text[1:] for token in tokens(query) if token.kind == "parameter"}
    if wanted != set(given):
        # The embedded engine takes a missing parameter for NULL and ignores a superfluous one, in silence.
        odd = sorted(wanted ^ set(given))[0]
        raise InputError(f"query: parameter {odd!r} is {'missing' if odd in wanted else 'not in the text'}")
    return Question(query, given)


def explain_text(text: str) -> str:
    """Text that makes an engine plan a query and do nothing, also one that says PROFILE itself."""
    return f"EXPLAIN {_PROFILE.sub('', text)}"


def typed(table: pa.Table, columns: tuple[Column, ...]) -> pa.Table:
    """Bring an answer into plain types: the declared ones, or int64, float64, text and bool.

    Raises
    ------
    StoreError
        The columns are not the declared ones, or a value does not fit.
    """
    import pyarrow as pa

    kinds = {"text": pa.string(), "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_()}
    kinds["texts"] = pa.list_(pa.string())
    if columns and [c.name for c in columns] != table.column_names:
        raise StoreError(f"query: columns {table.column_names} instead of {[c.name for c in columns]}")
    wanted = [kinds[c.type] for c in columns] or [_plain(field.type) for field in table.schema]
    try:
        return table.cast(pa.schema(list(zip(table.column_names, wanted, strict=True))))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise StoreError(f"query: {error}") from None


def _plain(kind: pa.DataType) -> pa.DataType:
    import pyarrow as pa

    if pa.types.is_integer(kind) or (pa.types.is_decimal(kind) and kind.scale == 0):
        return pa.int64()
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return pa.float64()
    return kind
