"""Numbers that no generator, table or kernel can take are refused in one line, whichever verb is asked."""

from __future__ import annotations

from typing import Any

import pytest

import kolgraph as kg
from kolgraph.errors import InputError
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
    assert {name for _, name, _ in ASKED} == set(kg._WHOLE)
