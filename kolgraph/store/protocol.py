"""What every graph database of ours promises, and the limits that all engines keep."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from kolgraph.errors import LimitError, option

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


def too_many(max_rows: int) -> LimitError:
    """The error for an answer with more rows than allowed."""
    return LimitError(f"query: more than {max_rows:,} rows; add a LIMIT, or raise {option('max_rows')}")


def too_slow(timeout_s: float) -> LimitError:
    """The error for an answer that took too long."""
    return LimitError(f"query: no answer within {timeout_s:g} s; ask for less, or raise {option('timeout_s')}")
