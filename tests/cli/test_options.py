"""What is said on the command line reaches the answer, and what is unknown is printed as nothing."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from functools import wraps
from inspect import signature
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import kolgraph as kg
from kolgraph.cli.printing import short
from kolgraph.errors import InputError
from kolgraph.workspace import Workspace

Invoke = Callable[..., tuple[int, str, str]]

#: Command -> what is said after the workspace, and what the method has to be given.
SAID: dict[str, tuple[list[str], dict[str, Any]]] = {
    "rank": (["--by", "core", "--region", "R", "--niche", "N", "--near", "a", "--raw", "--extrapolate", "--seed", "7"],
             {"by": "core", "region": "R", "niche": "N", "near": ("a",), "raw": True, "extrapolate": True, "seed": 7}),
    "explain": (["a", "--seed", "7"], {"account": "a", "seed": 7}),
    "audience": (["a", "b", "--niche", "N", "--region", "R", "--raw"],
                 {"accounts": ("a", "b"), "niche": "N", "region": "R", "raw": True}),
    "audit": (["a", "b", "--lang", "zh"], {"accounts": ("a", "b")}),
    "similar": (["a", "--raw"], {"account": "a", "raw": True}),
    "niches": (["--relation", "repost", "--seed", "7"], {"relations": ("repost",), "seed": 7}),
    "rings": (["--relation", "repost", "--seed", "7"], {"relation": "repost", "seed": 7}),
    "coordination": (["--by", "link", "--window", "5m", "--decay", "90s", "--min-weight", "3", "--max-crowd", "9",
                      "--max-edges", "8", "--method", "components", "--seed", "7"],
                     {"by": "link", "window_s": 300.0, "decay_s": 90.0, "min_weight": 3.0, "max_crowd": 9,
                      "max_edges": 8, "method": "components", "seed": 7}),
    "coverage": (["--complete"], {"complete": True}),
    "real": (["--raw"], {"raw": True}),
    "proven": (["--niche", "N", "--region", "R", "--raw", "--seed", "7"],
               {"niche": "N", "region": "R", "raw": True, "seed": 7}),
    "realised": (["--raw"], {"raw": True}),
    "quality": (["--raw"], {"raw": True}),
    "spread": (["--since", "1", "--until", "2", "--raw"], {"since": 1, "until": 2, "raw": True}),
    "plan": (["--budget", "9", "--count", "2", "--niche", "N", "--region", "R", "--audience", "A",
              "--audience-region", "S", "--must", "a", "--never", "b", "--raw", "--seed", "7"],
             {"budget": 9.0, "count": 2, "niche": "N", "region": "R", "audience": "A", "audience_region": "S",
              "must": ("a",), "never": ("b",), "raw": True, "seed": 7}),
}  # fmt: skip


@pytest.mark.parametrize("command", SAID)
def test_a_command_hands_on_all_that_was_said(
    command: str, invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Workspace.open(tmp_path / "w.kol", create=True):
        pass
    module, _, function = kg.VERBS[command].partition(":")
    real, given = kg.verb(command), list[dict[str, Any]]()

    @wraps(real)
    def look(*args: Any, **options: Any) -> SimpleNamespace:
        given.append(dict(list(signature(real).bind(*args, **options).arguments.items())[1:]))
        raise InputError("seen")

    monkeypatch.setattr(f"kolgraph.{module}.{function}", look)
    monkeypatch.setattr("kolgraph.verbs.show.rank", look)
    said, wanted = SAID[command]
    code, _, err = invoke(command, tmp_path / "w.kol", *said)
    assert (code != 0, "seen" in err) == (True, True), err
    assert {name: given[0].get(name) for name in wanted} == wanted


def test_pairs_of_audiences_share_real_followers(invoke: Invoke, tmp_path: Path) -> None:
    """Of the two who follow both, one lives where the campaign runs."""
    (tmp_path / "f.csv").write_text("follower,followed\n1,8\n2,8\n1,9\n2,9\n")
    (tmp_path / "a.csv").write_text("account,region\n1,Paris\n2,Rome\n")
    for name in ("f", "a"):
        assert invoke("load", tmp_path / "w.kol", tmp_path / f"{name}.csv", "--platform", "weibo")[0] == 0
    asked = ["audience", tmp_path / "w.kol", "weibo:8", "weibo:9", "--pairs", "--format", "csv"]
    [everybody], [there] = (
        list(csv.DictReader(io.StringIO(invoke(*asked, *more)[1]))) for more in ([], ["--region", "Paris"])
    )
    assert (float(everybody["shared"]), float(there["shared"])) == (2, 1)


@pytest.mark.parametrize("unknown", [None, float("nan")])
def test_what_is_unknown_is_printed_as_nothing(unknown: float | None) -> None:
    assert short(unknown) == ""
    assert short(0.0) == "0"
