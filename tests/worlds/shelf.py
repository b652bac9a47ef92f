"""A workspace to load small files into, and all it holds as plain data: independent of keys, batches and order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kolgraph.records import PROFILE
from kolgraph.workspace import Workspace
from kolgraph.workspace.loading import LoadReport
from kolgraph.workspace.tables import CANONICAL

_NAMED = "LEFT JOIN accounts s ON s.account_key = t.{} LEFT JOIN accounts d ON d.account_key = t.dst"
CONTENT = {
    "accounts": f"SELECT account_id, {', '.join(PROFILE)}, observed_ts FROM accounts",
    "account_names": "SELECT account_id, name_norm, first_seen_ts, last_seen_ts FROM account_names "
    "JOIN accounts USING (account_key)",
    "identities": "SELECT i.* REPLACE (account_id AS account_key) FROM identities i JOIN accounts USING (account_key)",
    "campaigns": "SELECT * FROM campaigns",
    "follows": "SELECT s.account_id, d.account_id AS dst, t.* EXCLUDE (src, dst, batch) FROM follows t "
    + _NAMED.format("src"),
    "reposts": "SELECT s.account_id, d.account_id AS dst, t.* EXCLUDE (src, dst, batch) FROM reposts t "
    + _NAMED.format("src"),
    "namings": "SELECT s.account_id, d.account_id AS dst, t.* EXCLUDE (src, dst, batch) FROM namings t "
    + _NAMED.format("src"),
    "comments": "SELECT s.account_id, d.account_id AS dst, t.* EXCLUDE (src, dst, batch) FROM comments t "
    + _NAMED.format("src"),
    "posts": "SELECT account_id, t.* EXCLUDE (author, batch) FROM posts t "
    "LEFT JOIN accounts a ON a.account_key = author",
}


class Shelf:
    """One workspace, emptied between examples, and files to load into it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.number = folder, 0
        self.ws = Workspace.open(folder / "w.kol", create=True)

    def load(self, data: bytes | str, name: str = "f.csv", **options: Any) -> LoadReport:
        """Load a file of this content; every row is counted, and every rejected one is kept."""
        self.number += 1
        path = self.folder / f"{self.number}-{name}"
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        try:
            return self.load_file(path, **options)
        finally:
            path.unlink()

    def load_file(self, path: Path, **options: Any) -> LoadReport:
        """Load a file that is there."""
        report = self.ws.load(path, **{"max_reject_rate": 1.0, **options})
        counts = report.counts
        assert counts.read == counts.accepted + counts.merged + counts.rejected
        assert report.known or counts.rejected == sum(not reject.partly for reject in report.rejects)
        newest = "SELECT count(*) FROM rejects WHERE batch = (SELECT max(batch) FROM batches)"
        assert report.known or report.sample or self.ws.arrow(newest)[0][0].as_py() == len(report.rejects)
        return report

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of an answer."""
        return [tuple(row.values()) for row in self.ws.arrow(query).to_pylist()]

    def content(self) -> dict[str, list[tuple[Any, ...]]]:
        """All that was loaded, sorted."""
        return {name: sorted(self.rows(query), key=repr) for name, query in CONTENT.items()}

    def empty(self) -> None:
        """Forget everything."""
        with self.ws.transaction() as connection:
            for table in CANONICAL:
                connection.execute(f"DELETE FROM {table}")
