"""The same question gives the same answer, whatever was asked, loaded, forgotten, deleted or broken off before.

A sequence of commands runs on one workspace. After each, what it says is compared with what a workspace says that came
to hold the same facts and was never asked anything else.
"""

from __future__ import annotations

import errno
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from kolgraph.report import data
from kolgraph.verbs import explain as explaining
from kolgraph.workspace import Workspace, answers
from kolgraph.workspace.versions import IDS
from tests.verbs.world import LATER, Reference, Situation, apply, content, few_samples, make, said, write_parts
from tests.verbs.world import settings as environment

EXAMPLES = 200 if "KOLGRAPH_EXPLORE" in os.environ else 20
WORLD = make()
KOLS = ("weibo:" + WORLD.truth["kols"]["account"]).tolist()
BOT = "weibo:" + WORLD.truth["rings"].query("role == 'member'")["account"].iloc[0]
CLIENT = "weibo:" + WORLD.truth["bought"].sort_values("bought_share")["account"].iloc[-1]
REGION = WORLD.accounts["region"].mode()[0]
NICHE = WORLD.truth["kols"]["niche"].iloc[0]
MIDDLE = int(WORLD.posts["time"].median())
TIERS = "头部=60,腰部=30,尾部=10,KOC=5"

QUESTIONS: dict[str, Callable[[Workspace], Any]] = {
    "rings": lambda ws: ws.rings(),
    "rings of reposts": lambda ws: ws.rings(relation="repost"),
    "rings seed 2": lambda ws: ws.rings(seed=2),
    "coordination": lambda ws: ws.coordination(),
    "coordination by words": lambda ws: ws.coordination(by="text", window_s=3600, decay_s=600, min_weight=1),
    "niches": lambda ws: ws.niches(),
    "niches of both": lambda ws: ws.niches(relations=["follow", "repost"]),
    "real": lambda ws: ws.real(),
    "rank": lambda ws: ws.rank(),
    "rank reach": lambda ws: ws.rank(by="reach"),
    "rank raw": lambda ws: ws.rank(by="reach", raw=True),
    "rank seed 2": lambda ws: ws.rank(by="reach", seed=2),
    "proven raw": lambda ws: ws.proven(raw=True),
    "rank niche": lambda ws: ws.rank(niche=NICHE),
    "rank region": lambda ws: ws.rank(by="reach", region=REGION),
    "rank of reposts": lambda ws: ws.rank(relations="repost"),
    "rank pagerank": lambda ws: ws.rank(by="pagerank"),
    "rank pagerank region": lambda ws: ws.rank(by="pagerank", region=REGION),
    "rank core": lambda ws: ws.rank(by="core"),
    "plan": lambda ws: ws.plan(budget=3000),
    "plan more": lambda ws: ws.plan(budget=8000, never=[KOLS[0]]),
    "plan must": lambda ws: ws.plan(count=3, must=[KOLS[1]]),
    "plan for a niche": lambda ws: ws.plan(count=3, audience=NICHE),
    "plan raw": lambda ws: ws.plan(budget=3000, raw=True),
    "plan nothing": lambda ws: ws.plan(budget=1),
    "explain": lambda ws: ws.explain(KOLS[0]),
    "explain client": lambda ws: ws.explain(CLIENT),
    "realised": lambda ws: ws.realised(),
    "quality": lambda ws: ws.quality(),
    "quality raw": lambda ws: ws.quality(raw=True),
    "spread": lambda ws: ws.spread(),
    "spread since": lambda ws: ws.spread(since=MIDDLE),
    "audience": lambda ws: ws.audience(KOLS[:3], region=REGION),
    "similar": lambda ws: ws.similar(KOLS[0]),
    "report": lambda ws: ws.report(ws.path.parent / "report.html"),
    "table scores": lambda ws: ws.table("scores"),
    "table ring_members": lambda ws: ws.table("ring_members"),
    "table community_members": lambda ws: ws.table("community_members"),
    "table cascades": lambda ws: ws.table("cascades"),
    "table plans": lambda ws: ws.table("plans"),
    "table accounts": lambda ws: ws.table("accounts"),
    "export rings": lambda ws: ws.export("rings", ws.path.parent / "rings.csv")[0],
    "export graph": lambda ws: ws.export("graph", ws.path.parent / "graph.graphml")[0],
    "query top-accounts": lambda ws: ws.query("top-accounts", by="reach"),
    "query inflation": lambda ws: ws.query("top-accounts", by="inflation", limit=5),
    "query rings": lambda ws: ws.query("rings"),
    "query tiers": lambda ws: ws.query("MATCH (a:Account) RETURN a.tier AS tier, count(*) AS n ORDER BY tier"),
    "query trees": lambda ws: ws.query(
        "MATCH (:Post)-[r:REPOST_OF]->(b:Post) RETURN b.id AS id, r.evidence AS evidence, count(*) AS n "
        "ORDER BY id, evidence LIMIT 50"
    ),
}
#: Whose rows everybody sees in the tables, and therefore in the report.
PLANS = {"plan", "plan more", "plan must", "plan for a niche"}
MEASURES = {"rank pagerank", "rank core"}
#: Where a computation is broken off.
BREAKS = ("kolgraph.workspace.answers.pack", "Answers._enter", "Answers._surplus", "Workspace.arrays")


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reference]:
    folder = tmp_path_factory.mktemp("order")
    with few_samples():
        yield Reference(folder, write_parts(WORLD, folder / "files"), QUESTIONS)


class Session:
    """One workspace in the hands of somebody who types anything in any order."""

    def __init__(self, reference: Reference) -> None:
        self.reference = reference
        place = reference.folder / "session" / "w.kol"
        shutil.rmtree(place.parent, ignore_errors=True)
        shutil.copytree(reference.template(), place)
        self.ws, self.at, self.gone = Workspace.open(place), Situation(), set[str]()

    def run(self, command: tuple[str, Any]) -> None:
        verb, what = command
        with environment(self.at.tiers):
            getattr(self, verb)(what)
            self.check_tables()

    # ------------------------------------------------------------------ asking

    def ask(self, question: str) -> None:
        self._same(question, said(lambda: QUESTIONS[question](self.ws), self.ws))
        if question == "report":
            self.check_report()

    def fresh(self, question: str) -> None:
        with self.ws.asking(fresh=True):
            self.ask(question)

    def as_is(self, question: str) -> None:
        """What is not the answer of today has to say that it is old."""
        expected = self._expected(question)
        with self.ws.asking(as_is=True), listening() as lines:
            found: list[Any] = []
            text = said(lambda: found.append(QUESTIONS[question](self.ws)) or found[0], self.ws)
        if text != expected:
            provenance = getattr(found[0], "provenance", None) if found else None
            told = bool(provenance and provenance.old) or any("old" in line for line in lines)
            assert told or "old answers" in text or not found, f"{question}: old, and does not say so"

    def twice(self, question: str) -> None:
        """Asked again, an answer is read."""
        self.ask(question)
        with suppress(Exception):
            found = QUESTIONS[question](self.ws)
            assert getattr(getattr(found, "provenance", None), "read", True)

    def broken_off(self, where: tuple[str, str, int]) -> None:
        """Ctrl-C in the middle; then the same question again."""
        question, place, number = where
        self._expected(question)  # the reference works undisturbed
        with broken(place, number, KeyboardInterrupt()), suppress(KeyboardInterrupt):
            said(lambda: QUESTIONS[question](self.ws), self.ws)
        assert not self.ws.traces
        self.ask(question)

    def full_disk(self, question: str) -> None:
        """An answer that cannot be kept is the same answer."""
        self._expected(question)
        with broken("kolgraph.workspace.answers.pack", 1, OSError(errno.ENOSPC, "No space left"), always=True):
            self.ask(question)

    def _expected(self, question: str) -> str:
        self._note(question)
        return self.reference.answer(question, self.at)

    def _note(self, question: str) -> None:
        """What the tables hold from now on, if there is an answer."""
        if question in PLANS and "Error" not in self.reference.answer(question, self.at).split(":")[0]:
            self.at = replace(self.at, plan=question)
        if question in MEASURES:
            self.at = replace(self.at, measures=self.at.measures | {question})

    def _same(self, question: str, found: str) -> None:
        expected = self._expected(question)
        if found != expected:
            pairs = zip(found.splitlines(), expected.splitlines(), strict=False)
            first = next(((a[:300], b[:300]) for a, b in pairs if a != b), (len(found), len(expected)))
            pytest.fail(f"{question}: {first[0]!r}\n instead of {first[1]!r}")

    # ------------------------------------------------------------------ changing

    def load(self, part: str) -> None:
        self._change(("load", part))

    def resolve(self, _: None) -> None:
        self._change(("resolve", None))

    def forget(self, account: str) -> None:
        self._change(("forget", account))
        self.at = replace(self.at, plan="", measures=frozenset())  # all results go with an account

    def elsewhere(self, part: str) -> None:
        """Another object of the same process loads; this one stays open."""
        with Workspace.open(self.ws.path) as other:
            self._change(("load", part), other)

    def _change(self, change: tuple[str, Any], ws: Workspace | None = None) -> None:
        before, counters = content(self.ws), dict(self.ws.counters())
        apply(ws or self.ws, change, self.reference.files)
        after, now = content(self.ws), dict(self.ws.counters())
        for table, counter in counters.items():
            if table != IDS and now[table] == counter:
                assert before[table] == after[table], f"{change} changed {table} behind its counter"
        if before != after or change[0] == "forget":
            self.at = replace(self.at, facts=(*self.at.facts, change))

    def tiers(self, said: str) -> None:
        self.at = replace(self.at, tiers=said)

    # ------------------------------------------------------------------ handling

    def reopen(self, _: None) -> None:
        self.ws.close()
        self.ws = Workspace.open(self.ws.path)

    def delete(self, name: str) -> None:
        shutil.rmtree(self.ws.path / name, ignore_errors=True)

    def damage(self, _: None) -> None:
        """Files of answers that were cut off."""
        for file in (self.ws.path / "answers").glob("*/*/arrays.npz"):
            file.write_bytes(file.read_bytes()[:100])

    # ------------------------------------------------------------------ always

    def check_tables(self) -> None:
        """Rows of an answer in the result tables are rows of one that is said to be there, one of its kind."""
        kinds = self.ws.fetch(
            "SELECT analysis, variant, count(*) FROM runs WHERE tabled GROUP BY ALL HAVING count(*) > 1"
        )
        assert not kinds
        for table in ("scores", "rings", "ring_members", "communities", "community_members", "cascades", "plans"):
            odd = f"SELECT run_id FROM {table} WHERE run_id NOT IN (SELECT run_id FROM runs WHERE tabled)"
            assert not self.ws.fetch(odd), f"{table} holds rows of an answer that is gone"
        assert not list((self.ws.path / "answers").glob("*/.part-*"))

    def check_report(self) -> None:
        """The report and the check-up of an account never differ."""
        table = data.influence(self.ws)
        if table is None:
            return
        for row in table.iloc[[0, -1]].astype(object).to_dict("records"):
            found = explaining.explain(self.ws, row["account_id"])
            shown = {key: None if value != value else value for key, value in row.items()}
            by = row["measure"]
            pairs = {"value": getattr(found, by), "low": getattr(found, f"{by}_low")}
            pairs |= {"high": getattr(found, f"{by}_high"), "modelled": found.reach, "score": found.score}
            pairs |= {"realised": found.realised, "inflation": found.inflation, "followers": found.followers}
            pairs |= {"ring_share": found.shares["ring_share"], "flag": "ring_share" in found.problems}
            for key, value in pairs.items():
                assert shown[key] == (pytest.approx(value) if isinstance(value, float) else value), key


@contextmanager
def listening() -> Iterator[list[str]]:
    """The warnings of a block."""
    lines: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("kolgraph")
    logger.addHandler(handler)
    try:
        yield lines
    finally:
        logger.removeHandler(handler)


@contextmanager
def broken(place: str, number: int, error: BaseException, *, always: bool = False) -> Iterator[None]:
    """A function that fails when it is called for the n-th time, after it did its work."""
    homes = {"Answers": answers.Answers, "Workspace": Workspace, "kolgraph": answers}
    owner, name = homes[place.split(".")[0]], place.split(".")[-1]
    original, calls = getattr(owner, name), 0

    def fails(*args: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        value = original(*args, **options)
        if calls == number or always:
            raise error
        return value

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, staticmethod(fails) if name == "_surplus" else fails)
        yield


questions = st.sampled_from(sorted(QUESTIONS))
commands = st.one_of(
    st.tuples(st.just("ask"), questions),
    st.tuples(st.just("ask"), questions),
    st.tuples(st.just("load"), st.sampled_from(LATER)),
    st.tuples(st.just("twice"), questions),
    st.tuples(st.just("as_is"), questions),
    st.tuples(st.just("fresh"), questions),
    st.tuples(st.just("full_disk"), questions),
    st.tuples(st.just("broken_off"), st.tuples(questions, st.sampled_from(BREAKS), st.integers(1, 4))),
    st.tuples(st.just("forget"), st.sampled_from([KOLS[1], BOT])),
    st.tuples(st.just("elsewhere"), st.sampled_from(LATER)),
    st.tuples(st.just("tiers"), st.sampled_from(["", TIERS])),
    st.tuples(st.just("delete"), st.sampled_from(["cache", "answers"])),
    st.tuples(st.sampled_from(["reopen", "resolve", "damage"]), st.none()),
)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="KOLGRAPH_EXPLORE" not in os.environ,
    # A sequence takes seconds: to shorten one that fails takes minutes, and nine commands can be read as they are.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(sequence=st.lists(commands, min_size=3, max_size=9))
@example(sequence=[("ask", "rank"), ("load", "reposts"), ("as_is", "rank"), ("ask", "rank")])
@example(sequence=[("ask", "rings"), ("load", "follows_b"), ("as_is", "real"), ("ask", "real"), ("ask", "report")])
@example(
    sequence=[("ask", "explain"), ("tiers", TIERS), ("ask", "explain"), ("as_is", "quality"), ("ask", "query tiers")]
)
@example(sequence=[("ask", "query tiers"), ("tiers", TIERS), ("ask", "query tiers")])
@example(sequence=[("ask", "plan for a niche"), ("load", "follows_b"), ("load", "profiles"), ("ask", "report")])
@example(sequence=[("ask", "plan must"), ("forget", KOLS[1]), ("ask", "report"), ("ask", "plan must")])
@example(sequence=[("ask", "rank"), ("elsewhere", "reposts"), ("ask", "rank"), ("ask", "query trees")])
@example(sequence=[("load", "reposts"), ("ask", "query trees"), ("ask", "spread"), ("ask", "query trees")])
@example(
    sequence=[("ask", "report"), ("ask", "rings seed 2"), ("ask", "rank raw"), ("ask", "plan raw"), ("ask", "report")]
)
@example(sequence=[("ask", "rank"), ("damage", None), ("ask", "rank"), ("ask", "explain"), ("ask", "report")])
@example(sequence=[("full_disk", "rank"), ("ask", "plan"), ("ask", "rank")])
@example(
    sequence=[
        ("load", "naming"),
        ("load", "profiles"),
        ("ask", "export graph"),
        ("resolve", None),
        ("ask", "export graph"),
    ]
)
def test_the_same_question_gives_the_same_answer(reference: Reference, sequence: list[tuple[str, Any]]) -> None:
    session = Session(reference)
    try:
        for command in sequence:
            session.run(command)
    finally:
        session.ws.close()
