"""A planted world of 500 accounts in parts, workspaces that hold them, and what an answer says, as text."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from kolgraph.errors import KolgraphError
from kolgraph.results import Result
from kolgraph.synth import World, make_world
from kolgraph.workspace import Workspace

#: What a demo world has loaded from the start, and what comes later, in any order.
BASE = ("accounts", "follows_a", "posts")
LATER = ("follows_b", "reposts", "profiles", "naming")
#: What KOLs are called from the file of profiles on; somebody wrote of them before.
NEW_NAME = "改名{}号"


def make() -> World:
    return make_world(500, seed=1, niches=3, kols=20, rings=2, fan_clubs=1, campaigns=2)


def write_parts(world: World, folder: Path) -> dict[str, Path]:
    """The files of a world: follows in two halves, and profiles of a later day with other names and prices."""
    files = world.write(folder)
    follows = pd.read_csv(files["follows"], dtype=str)
    kols = world.accounts[world.accounts["price_cny"].notna()].head(8)
    author, when = world.accounts["account"].iloc[11], 1_735_000_000_000
    parts = {
        "follows_a": follows[::2],
        "follows_b": follows[1::2],
        "profiles": kols.assign(
            name=[NEW_NAME.format(i) for i in range(len(kols))],
            price_cny=kols["price_cny"] * 2,
            observed=kols["observed"] + 86_400_000,
        ),
        "naming": pd.DataFrame(
            [(str(7_000_000_000_000_000 + i), author, when + i, f"看@{NEW_NAME.format(i)} 的测评") for i in range(3)],
            columns=["post", "author", "time", "text"],
        ),
    }
    for name, table in parts.items():
        files[name] = folder / f"{name}.csv"
        table.to_csv(files[name], index=False)
    return {name: files[name] for name in (*BASE, *LATER)}


@contextmanager
def few_samples() -> Iterator[None]:
    """Estimates from few samples: as repeatable as those from many, and a hundred times as fast."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_module("kolgraph.influence.reach"), "SETS", 2_000)
        patch.setitem(import_module("kolgraph.planning.pool").sample_pool.__kwdefaults__, "sets", 2_000)
        patch.setitem(import_module("kolgraph.influence.explanation").explain.__kwdefaults__, "runs", 300)
        patch.setattr("plotly.offline.get_plotlyjs", lambda: "")
        yield


def said(ask: Callable[[], Any], workspace: Workspace) -> str:
    """An answer to the last digit, or why there is none."""
    try:
        found = ask()
    except KolgraphError as error:
        return f"{type(error).__name__}: {error}".replace(str(workspace.path), "w.kol")
    if isinstance(found, Result):
        extra = "".join(table.to_csv(index=False) for table in found.tables().values())
        return f"{found.run_id} {found.variant} {found.summary()}\n{found.frame().to_csv()}{extra}"
    if isinstance(found, pd.DataFrame):
        return str(found.to_csv(index=False))
    if isinstance(found, Path):
        text = found.read_text(encoding="utf-8")
        # When an answer was found is no part of it; the pass of the scripts depends on it.
        return re.sub(r'nonce(-|=")[0-9a-f]+|\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?( UTC)?', "", text)
    raise TypeError(type(found).__name__)


@dataclass(frozen=True)
class Situation:
    """What an answer may depend on: facts, in the order in which they came, settings, and what is asked for by name.

    The report shows the plan that was asked for last, and a table of scores every measure that was asked for.
    """

    facts: tuple[tuple[str, Any], ...] = ()
    tiers: str = ""
    plan: str = ""
    measures: frozenset[str] = frozenset()


class Reference:
    """Answers of workspaces that were asked nothing else before; each is found once."""

    def __init__(
        self, folder: Path, files: Mapping[str, Path], questions: Mapping[str, Callable[[Workspace], Any]]
    ) -> None:
        self.folder, self.files, self.questions = folder, files, questions
        self.found: dict[Any, str] = {}
        self.made: dict[tuple[tuple[str, Any], ...], Path] = {}

    def template(self, facts: tuple[tuple[str, Any], ...] = ()) -> Path:
        """A workspace that holds these facts and was asked nothing."""
        if facts not in self.made:
            before = self.template(facts[:-1]) if facts else None
            place = self.folder / f"state{len(self.made)}" / "w.kol"
            place.parent.mkdir(parents=True)
            if before:
                shutil.copytree(before, place)
            with Workspace.open(place, create=True) as ws:
                for change in (facts[-1],) if facts else [("load", name) for name in BASE]:
                    apply(ws, change, self.files)
            self.made[facts] = place
        return self.made[facts]

    def answer(self, question: str, at: Situation) -> str:
        """What a workspace says that holds the same facts and was asked nothing but what the question is about."""
        if question not in HISTORIC:
            at = Situation(at.facts, at.tiers)
        key = (question, at)
        if key not in self.found:
            place = self.folder / "asked" / "w.kol"
            shutil.rmtree(place.parent, ignore_errors=True)
            shutil.copytree(self.template(at.facts), place)
            with settings(at.tiers), Workspace.open(place) as ws:
                for earlier in sorted(at.measures) + [at.plan] * bool(at.plan):
                    said(lambda name=earlier: self.questions[name](ws), ws)
                self.found[key] = said(lambda: self.questions[question](ws), ws)
        return self.found[key]


#: Questions about what was asked before.
HISTORIC = {"report", "table scores", "table plans"}


@contextmanager
def settings(tiers: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KOLGRAPH_TIERS", tiers)
        yield


def apply(ws: Workspace, change: tuple[str, Any], files: Mapping[str, Path]) -> None:
    """Change the facts."""
    verb, what = change
    if verb == "load":
        # Rows about somebody who was forgotten are rejected, and there may be many.
        ws.load(files[what], platform="weibo", resolve_names=what != "profiles", max_reject_rate=1.0)
    elif verb == "resolve":
        ws.resolve_names()
    else:
        ws.forget([what])


def content(ws: Workspace) -> dict[str, Any]:
    """Every table of facts, as a number that changes when a row does."""
    from kolgraph.workspace.versions import FACTS

    return {name: ws.fetch(f"SELECT count(*), bit_xor(hash({name})) FROM {name}") for name in (*FACTS, "batches")}
