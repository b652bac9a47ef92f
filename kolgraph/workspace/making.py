"""A workspace that is made for a load: taken away again if nothing came into it, and never more than was made."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from kolgraph.workspace.names import count

if TYPE_CHECKING:
    from kolgraph.workspace.names import Connection

#: Rows in one of them are a reason to keep a workspace.
_KEPT = ("batches", "forgotten", "runs", "accounts")


class Making:
    """What is not there before a workspace is opened: its file, and folders above it.

    A process that is killed leaves what it made. To the next one that was there before: it goes on with it, and leaves
    it where it is.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.new = not file.exists()
        self.folders = [folder for folder in file.absolute().parents if not folder.exists()]

    def undo(self, connection: Connection | None) -> None:
        """Remove what was made since, if nothing was put into it; `connection` is closed in any case.

        Without a connection, because opening failed, the file stays if somebody else has it open or filled it.
        """
        import duckdb

        try:
            if self.new and self.file.exists():
                if connection is None:
                    connection = duckdb.connect(str(self.file))
                if _is_empty(connection):
                    self.file.unlink()  # while it is locked: whoever waits for it finds that it is gone
                    connection.close()
                    self.file.with_name(f"{self.file.name}.wal").unlink(missing_ok=True)
                    shutil.rmtree(self.file.parent / "spill", ignore_errors=True)
        except (duckdb.Error, OSError):
            return  # it stays: an empty workspace does no harm
        finally:
            if connection is not None:
                connection.close()
        with suppress(OSError):  # somebody else put something there
            for folder in self.folders:  # the innermost first
                folder.rmdir()


def _is_empty(connection: Connection) -> bool:
    there = {row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    return not any(count(connection, f"SELECT count(*) FROM {table}") for table in _KEPT if table in there)
