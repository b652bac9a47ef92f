"""Numbers that no generator, table or kernel can take are refused in one line, whichever verb is asked."""

from __future__ import annotations

from typing import Any

import pytest

from kolgraph.errors import InputError
from kolgraph.numbers import WHOLE
from kolgraph.workspace import Workspace

ASKED = [
    ("rank", "seed", {}),
    ("rings", "seed", {}),
    ("niches", "seed", {}),
    ("explain", "seed", {"account": "local:b1"}),
    ("plan", "seed", {"count": 1}),
    ("plan", "count", {}),
    ("people", "top", {}),
    ("table", "limit", {"name": "accounts"}),
    ("unload", "max_input", {"files": "f.csv"}),
    ("retry_rejects", "max_input", {}),
]


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("numbers")
    (folder / "f.csv").write_text("follower,followed\n" + "".join(f"a{i},b{i % 7}\n" for i in range(300)))
    workspace = Workspace.open(folder / "w.kol", create=True)
    workspace.load(folder / "f.csv")
    return workspace


@pytest.mark.parametrize("value", [2**63, 2**70, -(2**70), 1.5, float("nan"), float("inf"), "7"])
@pytest.mark.parametrize(("verb", "name", "more"), ASKED)
def test_absurd_numbers_are_refused(ws: Workspace, verb: str, name: str, more: dict[str, Any], value: Any) -> None:
    with pytest.raises(InputError, match=rf"{name}={value}: is no whole number from".replace("+", r"\+")) as error:
        getattr(ws, verb)(**more, **{name: value})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("verb", ["rank", "rings", "niches"])
def test_a_seed_has_no_sign(ws: Workspace, verb: str) -> None:
    with pytest.raises(InputError, match="seed=-1: is no whole number from 0"):
        getattr(ws, verb)(seed=-1)


def test_the_largest_seed_will_do(ws: Workspace) -> None:
    assert ws.rank(seed=2**32 - 1, by="vote_rank").run_id
    assert {name for _, name, _ in ASKED} == set(WHOLE)


@pytest.mark.parametrize(
    ("verb", "options"),
    [
        ("plan", {"budget": float("nan")}),
        ("plan", {"budget": float("inf")}),
        ("rank", {"relations": {"follow": 2**70}}),
        ("spread", {"since": 2**64}),
        ("spread", {"until": float("nan")}),
        ("query", {"query": "top-accounts", "rest": [1, 2**64]}),
        ("load", {"data": "f.csv", "max_reject_rate": float("nan")}),
        ("load_all", {"files": "f.csv", "max_reject_rate": 2}),
        ("load_all", {"files": "f.csv", "max_reject_rate": "x"}),
        ("load", {"data": "f.csv", "max_input": 0}),
    ],
)
def test_other_numbers_have_an_end_too(ws: Workspace, verb: str, options: dict[str, Any]) -> None:
    given = dict(options)
    first = [given.pop("query")] if verb == "query" else []
    with pytest.raises(InputError, match=f"{list(given)[-1]}=.*: (is no number|is too large|give a share|is no whole)"):
        getattr(ws, verb)(*first, **given)
