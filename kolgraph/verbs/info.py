"""What a workspace holds, and which answers of it are old."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kolgraph.verbs.asking import old_because
from kolgraph.workspace.tables import CANONICAL

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.workspace import Workspace


def info(workspace: Workspace) -> dict[str, pd.DataFrame]:
    """Tables with their sizes, loaded files, the first rejected rows, and the answers that are kept.

    Returns
    -------
    dict of DataFrame
        ``tables, files, rejects, answers``. Of an answer: ``run``, ``answer`` (verb and options), ``made`` (UTC),
        ``seconds`` it took, ``state``: current, or old and what changed since.
    """
    import pandas as pd

    names = [name for name in CANONICAL if name not in {"batches", "rejects"}] + ["co_mentions"]
    sizes = [(name, workspace.fetch(f"SELECT count(*) FROM {name}")[0][0]) for name in names]
    answers = []
    for stored in workspace.answers.all():
        why = old_because(workspace, stored)
        made = pd.Timestamp(stored.made_ts, unit="ms").strftime("%Y-%m-%d %H:%M:%S")
        state = (
            "saved by hand"
            if stored.question.verb == "save"
            else f"old: {', '.join(dict.fromkeys(why))} changed"
            if why
            else "current"
        )
        answers.append((stored.run, str(stored.question), made, round(stored.seconds, 1), state))
    return {
        "tables": pd.DataFrame(sizes, columns=["table", "rows"]),
        "files": workspace.sql(
            "SELECT batch, file, loader, rows_read, accepted, merged, rejected FROM batches ORDER BY batch"
        ),
        "rejects": workspace.sql("SELECT file, line, column_name, code, message FROM rejects ORDER BY ALL LIMIT 5"),
        "answers": pd.DataFrame(answers, columns=["run", "answer", "made", "seconds", "state"]),
    }
