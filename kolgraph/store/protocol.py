"""What every graph database of ours promises, and what the engines share: checked questions, plain answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from kolgraph.cypher import Column, Query, is_name, load_query
from kolgraph.errors import InputError, LimitError, StoreError, option

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    import pyarrow as pa

    from kolgraph.store.language.explaining import Explanation

#: What is published: rows by table name of `schema.SNAPSHOT`, as `schema.conform` wants them; no table is no rows.
Snapshot: TypeAlias = "Mapping[str, pa.Table | pa.RecordBatchReader]"

#: Is told how many rows were sent so far.
Progress: TypeAlias = "Callable[[int], object]"


@dataclass(frozen=True)
class PublishReport:
    """What a `GraphStore.replace` did.

    Attributes
    ----------
    engine, where : str
    counts : mapping
        Rows per table, counted in the database afterwards.
    sent, removed : int
        Nodes and relationships that were written, and that were deleted (a file is always written anew).
    held : int
        Nodes that nobody wants any more, but that others' relationships hold; only their ids are left.
    seconds : float
    """

    engine: str
    where: str
    counts: Mapping[str, int]
    sent: int
    removed: int
    held: int
    seconds: float

    @property
    def nodes(self) -> int:
        """Nodes that are there, without the one that describes the publication."""
        return sum(n for name, n in self.counts.items() if "-" not in name and name != "Publication")

    @property
    def relationships(self) -> int:
        """Relationships that are there."""
        return sum(n for name, n in self.counts.items() if "-" in name)

    def __str__(self) -> str:
        held = f", {self.held:,} held by others" if self.held else ""
        return (
            f"{self.where}: {self.nodes:,} nodes and {self.relationships:,} relationships in {self.seconds:.1f} s "
            f"({self.sent:,} sent, {self.removed:,} removed{held})"
        )


@dataclass(frozen=True)
class StoreInfo:
    """What a graph database holds: `workspace` is the version of the workspace it was published from."""

    engine: str
    version: str
    where: str
    counts: Mapping[str, int]
    workspace: str
    made_ts: int


class GraphStore(Protocol):
    """A graph database that can be replaced as a whole and asked."""

    def ensure_schema(self) -> None:
        """Make tables or constraints; what exists stays."""

    def replace(
        self, snapshot: Snapshot, *, journal: Path | None = None, progress: Progress | None = None
    ) -> PublishReport:
        """Make the database hold exactly this snapshot; counts are checked, and running again is always safe.

        With a folder for a `journal.Journal` a server is sent only what changed since the last time.
        """

    def query(self, query: str, /, **parameters: Any) -> pa.Table:
        """Ask a named query or a portable, reading Cypher text; rows as an Arrow table of plain types."""

    def explain(self, query: str, /, **parameters: Any) -> Explanation:
        """Say what `query` would be sent and what the engine would do with it; nothing is run."""

    def info(self) -> StoreInfo:
        """Engine, counts and origin."""

    def close(self) -> None:
        """Let go of the file or the connections."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


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


def prepare(query: str, given: Mapping[str, Any]) -> Question:
    """Turn a name or a text into a `Question`.

    Raises
    ------
    UnknownName
        There is no query of that name.
    InputError
        A parameter is unknown, missing or of another type; or a text writes, or leaves the portable subset.
    """
    from kolgraph.store.language.dialect import check_portable, check_read_only, tokens

    if is_name(query):
        named = load_query(query)
        return Question(named.text, named.bind(given), named)
    check_read_only(query)
    check_portable(query, given)
    wanted = {token.text[1:] for token in tokens(query) if token.kind == "parameter"}
    if wanted != set(given):
        # The embedded engine takes a missing parameter for NULL and ignores a superfluous one, in silence.
        odd = sorted(wanted ^ set(given))[0]
        raise InputError(f"query: parameter {odd!r} is {'missing' if odd in wanted else 'not in the text'}")
    return Question(query, given)


def explain_text(text: str) -> str:
    """Text that makes an engine plan a query and do nothing."""
    return f"EXPLAIN {text}"


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


def too_many(max_rows: int) -> LimitError:
    """The error for an answer with more rows than allowed."""
    return LimitError(f"query: more than {max_rows:,} rows; add a LIMIT, or raise {option('max_rows')}")


def too_slow(timeout_s: float) -> LimitError:
    """The error for an answer that took too long."""
    return LimitError(f"query: no answer within {timeout_s:g} s; ask for less, or raise {option('timeout_s')}")
