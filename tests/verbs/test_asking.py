"""Ask once, read afterwards: what makes an answer old, what does not, and who says so."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kolgraph import settings
from kolgraph.errors import AnalysisError, EnvironmentProblem, InputError
from kolgraph.results import Scores
from kolgraph.workspace import Workspace

#: Subject -> the function that a verb calls to compute its answer.
SUBJECTS = {
    "rings": "kolgraph.rings:find_rings",
    "repost_rings": "kolgraph.rings:find_repost_rings",
    "niches": "kolgraph.niches:find_niches",
    "reach": "kolgraph.influence:reach",
    "proven": "kolgraph.influence:proven",
    "realised": "kolgraph.influence:realised",
    "quality": "kolgraph.influence:quality",
    "pagerank": "kolgraph.centrality:pagerank",
    "plan": "kolgraph.planning:plan",
    "spread": "kolgraph.spread:measure_cascades",
}
#: Who stands on whom: the ones that a ranking by reach computes.
BELOW = {"rings", "repost_rings"}


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    """Ann and bob post, are followed and reposted; both can be booked."""
    with Workspace.open(tmp_path / "w.kol", create=True) as opened:
        opened.progress = silent
        load(opened, "account,name,followers,price_cny,region\nann,Ann,8,80,Paris\nbob,Bob,4,50,Rome\n")
        load(opened, "follower,followed\n" + "".join(f"u{i},{'ann' if i % 3 else 'bob'}\n" for i in range(12)))
        load(opened, "post,author,time,text\np1,ann,2024-01-01,hi @Cai\np2,bob,2024-01-02,#tea# ho\n")
        load(opened, REPOSTS + "r1,u1,ann,p1,p1,2024-01-03\nr2,u2,ann,p1,p1,2024-01-03\nr3,u3,bob,p2,p2,2024-01-04\n")
        yield opened


class silent:  # noqa: N801 - stands in for a function
    def __init__(self, what: str) -> None:
        pass

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        pass


REPOSTS = "repost,reposter,author,root,parent,time\n"


def load(ws: Workspace, text: str, **options: Any) -> None:
    file = ws.path.parent / "f.csv"
    file.write_text(text, "utf-8")
    ws.load(file, platform="x", max_reject_rate=1.0, **options)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which subjects computed something since this list was emptied."""
    made: list[str] = []

    def counted(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            made.append(name)
            return function(*args, **options)

        return call

    for name, place in SUBJECTS.items():
        module, _, attribute = place.partition(":")
        home = importlib.import_module(module)
        monkeypatch.setattr(home, attribute, counted(name, getattr(home, attribute)))
    return made


def since(calls: list[str]) -> set[str]:
    found = set(calls)
    calls.clear()
    return found


# ---------------------------------------------------------------------- read, not computed

QUESTIONS: dict[str, Callable[[Workspace], Any]] = {
    "rings": lambda ws: ws.rings(),
    "rings of reposts": lambda ws: ws.rings(relation="repost"),
    "niches": lambda ws: ws.niches(),
    "real": lambda ws: ws.real(),
    "rank": lambda ws: ws.rank(),
    "reach": lambda ws: ws.rank(by="reach"),
    "rank raw": lambda ws: ws.rank(raw=True),
    "pagerank": lambda ws: ws.rank(by="pagerank"),
    "pagerank near": lambda ws: ws.rank(by="pagerank", near=["x:ann"]),
    "proven": lambda ws: ws.proven(),
    "realised": lambda ws: ws.realised(),
    "quality": lambda ws: ws.quality(),
    "spread": lambda ws: ws.spread(),
    "plan": lambda ws: ws.plan(budget=150),
    "audience": lambda ws: ws.audience(["x:ann", "x:bob"]),
    "similar": lambda ws: ws.similar("x:ann"),
    "explain": lambda ws: ws.explain("x:ann"),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_repeated_question_is_read_and_the_same(ws: Workspace, calls: list[str], name: str) -> None:
    first = QUESTIONS[name](ws)
    assert not first.provenance.read
    calls.clear()
    again = QUESTIONS[name](ws)
    assert since(calls) == set()
    assert again.provenance.read
    assert again == first
    assert again.frame().equals(first.frame())
    assert again.summary() == first.summary()
    assert again.provenance.run == again.run_id == first.run_id
    with Workspace.open(shut(ws)) as other:  # another process, later
        later = QUESTIONS[name](other)
        assert since(calls) == set()
        assert later.provenance.read
        assert later.frame().equals(first.frame())
        assert later.tables().keys() == first.tables().keys()
        for table, rows in later.tables().items():
            assert rows.equals(first.tables()[table])


def shut(ws: Workspace) -> Path:
    ws.close()
    return ws.path


def test_the_order_of_questions_makes_no_difference(ws: Workspace, tmp_path: Path) -> None:
    """Each question alone in a workspace of its own, against all of them one after the other in one."""
    together = {name: ask(ws).run_id for name, ask in reversed(QUESTIONS.items())}
    for name in ("rank", "explain", "plan", "spread"):
        with ws.asking(fresh=True):
            assert QUESTIONS[name](ws).run_id == together[name]


def test_the_same_question_in_other_words_is_the_same_question(ws: Workspace, calls: list[str]) -> None:
    ws.plan(budget=150)
    ws.rank(by="pagerank", near=["x:ann"])
    ws.rank(relations="follow")
    ws.audience(["x:ann"])
    calls.clear()
    assert ws.plan(budget=150.0).provenance.read
    assert ws.plan(budget=np.float64(150), must=()).provenance.read
    assert ws.rank(by="pagerank", near="x:ann").provenance.read
    assert ws.rank(relations=("follow",)).provenance.read
    assert ws.audience("x:ann").provenance.read
    assert since(calls) == set()


def test_what_was_asked_is_told_in_full(ws: Workspace) -> None:
    ws.rank(by="reach", raw=True)
    ws.rank(by="reach", seed=2)
    said = set(ws.info()["answers"]["answer"])
    assert "rank(by=reach, relations=['follow'], raw=True)" in said
    assert "rank(by=reach, relations=['follow'], seed=2)" in said


# ---------------------------------------------------------------------- what makes an answer old


@pytest.fixture
def asked(ws: Workspace, calls: list[str]) -> Workspace:
    for ask in QUESTIONS.values():
        ask(ws)
    calls.clear()
    return ws


def ask_all(ws: Workspace, calls: list[str]) -> set[str]:
    calls.clear()
    for ask in QUESTIONS.values():
        ask(ws)
    return since(calls)


def test_a_follow_more_makes_old_what_looks_at_follows(asked: Workspace, calls: list[str]) -> None:
    load(asked, "follower,followed\nu1,bob\n")
    # No account is new, and no repost: who reposts together, and what posts did move, are what they were.
    assert ask_all(asked, calls) == set(SUBJECTS) - {"repost_rings", "realised", "spread"}


def test_an_account_more_makes_all_old(asked: Workspace, calls: list[str]) -> None:
    load(asked, "account,name\nzoe,Zoe\n")
    assert ask_all(asked, calls) == set(SUBJECTS)


def test_a_price_makes_plans_old_but_no_rings(asked: Workspace, calls: list[str]) -> None:
    load(asked, "account,price_cny\nann,90\n")
    assert ask_all(asked, calls) == {"plan", "proven", "quality"}  # profiles are read for the last two
    assert asked.plan(budget=150).spent_cny == 140


def test_a_repost_more_makes_old_what_looks_at_reposts(asked: Workspace, calls: list[str]) -> None:
    load(asked, REPOSTS + "r4,u4,ann,p1,p1,2024-01-05\n")
    made = ask_all(asked, calls)
    assert made == {"repost_rings", "reach", "proven", "realised", "quality", "plan", "spread"}


def test_names_that_are_resolved_make_old_what_looks_at_them_only(asked: Workspace, calls: list[str]) -> None:
    mentions = {"relations": ["follow", "mention"]}
    asked.rank(by="core", **mentions)
    load(asked, "account,name\ncai,Cai\n", resolve_names=False)
    ask_all(asked, calls)
    assert not asked.rank(by="core", **mentions).provenance.read
    assert asked.rank(by="core", **mentions).provenance.read
    asked.resolve_names()  # Ann's post names cai
    assert ask_all(asked, calls) == set()
    assert not asked.rank(by="core", **mentions).provenance.read


def test_forgetting_leaves_no_answer(asked: Workspace, calls: list[str]) -> None:
    asked.forget(["x:u1"])
    assert asked.answers.all() == []
    assert not asked.answers.folder.exists()
    assert "x:u1" not in set(asked.rank().ids)
    assert not asked.rank(seed=2).provenance.read


def test_a_file_that_is_known_makes_nothing_old(asked: Workspace, calls: list[str]) -> None:
    load(asked, REPOSTS + "r1,u1,ann,p1,p1,2024-01-03\nr2,u2,ann,p1,p1,2024-01-03\nr3,u3,bob,p2,p2,2024-01-04\n")
    load(asked, "follower,followed\nu1,ann\n")
    assert ask_all(asked, calls) == set()


def test_what_stands_on_an_answer_that_comes_out_the_same_stands(asked: Workspace, calls: list[str]) -> None:
    # A second repost of the same post by the same account: rings look at reposts, find the same, and the rest stands.
    load(asked, REPOSTS + "r5,u1,ann,p1,p1,2024-01-06\n")
    who = asked.real()
    assert since(calls) == {"repost_rings"}
    assert not who.provenance.read
    similar = asked.similar("x:ann")
    assert since(calls) == set()
    assert similar.provenance.read


def test_tiers_of_the_environment_are_part_of_the_question(
    asked: Workspace, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = asked.explain("x:ann")
    monkeypatch.setenv("KOLGRAPH_TIERS", "star=8,small=1")
    after = asked.explain("x:ann")
    assert since(calls) == {"proven", "quality"}
    assert (before.tier, after.tier) == ("", "star")
    assert before != after


def test_another_method_is_another_answer(asked: Workspace, calls: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from kolgraph.verbs import asking

    monkeypatch.setitem(asking._METHODS, "blocks", replace(asking._METHODS["blocks"], number=99))
    with Workspace.open(shut(asked)) as other:
        other.real()
    assert since(calls) == {"rings", "repost_rings"}


# ---------------------------------------------------------------------- as it is, and fresh


def test_an_old_answer_that_is_taken_says_what_changed(asked: Workspace, calls: list[str]) -> None:
    before = asked.rank(by="reach")
    load(asked, "follower,followed\nu1,bob\n")
    assert "proven()" in asked.rank(as_is=True).provenance.old
    taken = asked.rank(by="reach", as_is=True)
    assert since(calls) == set()
    assert taken == before
    assert "follows" in taken.provenance.old
    assert "rings(relation=follow)" in " ".join(taken.provenance.old) or "real()" in taken.provenance.old
    assert "old: " in repr(taken)
    states = asked.info()["answers"].set_index("answer")["state"]
    assert states["blocks(relation=follow)"] == "old: follows changed"
    assert states["rings(relation=follow)"] == "old: blocks(relation=follow) changed"
    assert states["blocks(relation=repost)"] == "current"
    # Taking it once does not make it a current one: the next question finds it anew.
    after = asked.rank(by="reach")
    assert "reach" in since(calls)
    assert after.provenance.old == ()
    assert asked.rank(by="reach", as_is=True).provenance.old == ()
    asked.rank()
    assert asked.rank(as_is=True).provenance.old == ()


def test_what_was_computed_from_old_answers_is_not_taken_for_current(asked: Workspace, calls: list[str]) -> None:
    load(asked, "follower,followed\nu1,bob\n")
    above = asked.similar("x:bob", as_is=True)  # never asked before: computed, from an old verdict on who counts
    assert not above.provenance.read
    assert since(calls) == set()
    asked.similar("x:bob")
    assert since(calls) == {"rings"}


def test_without_an_answer_as_it_is_computes_one(ws: Workspace, calls: list[str]) -> None:
    found = ws.rank(as_is=True)
    assert not found.provenance.read
    assert found.provenance.old == ()


def test_fresh_computes_everything_below_once(asked: Workspace, calls: list[str]) -> None:
    before = asked.rank()
    found = asked.rank(fresh=True)
    assert sorted(calls) == ["proven", "reach", "repost_rings", "rings"]
    assert not found.provenance.read
    assert found == before
    calls.clear()
    assert asked.rank().provenance.read
    assert since(calls) == set()


# ---------------------------------------------------------------------- damage, failure


def parts(ws: Workspace, verb: str) -> list[Path]:
    """Files of the answer of a verb whose rows are in the result tables."""
    stored = ws.answers.tabled(verb)[0]
    return sorted((ws.answers.folder / stored.question.key / stored.run).iterdir())


def test_files_that_are_gone_are_found_anew(asked: Workspace, calls: list[str]) -> None:
    before = asked.quality()
    for file in parts(asked, "quality"):
        kept = file.read_bytes()
        for damage in (None, b"", kept[: len(kept) // 2], b"\x00" * len(kept)):
            file.unlink()
            if damage is not None:
                file.write_bytes(damage)
            calls.clear()
            after = asked.quality()
            assert since(calls) == {"quality"}, (file.name, damage)
            assert after.frame().equals(before.frame())
            file = next(part for part in parts(asked, "quality") if part.name == file.name)
        assert asked.quality().provenance.read


@pytest.mark.parametrize("cut", [lambda raw: b"", lambda raw: raw[: len(raw) // 2], lambda raw: b"\0" * len(raw)])
def test_a_file_that_is_damaged_later_is_one_clear_line(asked: Workspace, cut: Callable[[bytes], bytes]) -> None:
    """The table is read when it is asked for; by then the file may be another one than the one that was checked."""
    [table] = [file for file in parts(asked, "quality") if file.suffix == ".arrow"]
    found = asked.quality()
    table.write_bytes(cut(table.read_bytes()))
    with pytest.raises(EnvironmentProblem, match="ask again with fresh") as error:
        found.frame()
    assert "\n" not in str(error.value)
    assert len(asked.quality(fresh=True).frame())


def test_an_array_with_another_bit_is_found_anew(
    asked: Workspace, calls: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    before = asked.realised().values
    [arrays] = [file for file in parts(asked, "realised") if file.suffix == ".npz"]
    raw = bytearray(arrays.read_bytes())
    raw[raw.index(before.tobytes()) + 3] ^= 1
    arrays.write_bytes(raw)
    calls.clear()
    assert asked.realised().values.tobytes() == before.tobytes()
    assert since(calls) == {"realised"}
    assert "is damaged; it is found anew" in caplog.text


def test_that_there_is_no_answer_is_something_to_stand_on(
    ws: Workspace, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A verb that looks at another one's failure is old when the failure may be over."""
    from kolgraph.verbs import quality as module

    def where(workspace: Workspace) -> Any:
        try:
            workspace.spread(until=1)
        except AnalysisError:
            return {"头部": 1_000_000}
        return {"star": 1}

    monkeypatch.setattr(module, "read_profiles", spying(where, module.read_profiles))
    monkeypatch.setattr(module, "tiers", lambda: tiers[-1])
    tiers = [{"头部": 1_000_000}]
    ws.quality()
    [stored] = ws.answers.tabled("quality")
    assert {"reposts", "posts", "account_ids"} <= set(stored.trace.tables)
    calls.clear()
    load(ws, REPOSTS + "r9,u4,ann,p1,p1,2024-01-05\n")
    ws.quality()
    assert "quality" in since(calls)


def spying(look: Callable[[Workspace], Any], function: Callable[..., Any]) -> Callable[..., Any]:
    def call(workspace: Workspace) -> Any:
        look(workspace)
        return function(workspace)

    return call


def test_a_failed_question_is_asked_anew(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "e.kol", create=True) as ws:
        load(ws, "follower,followed\na,b\n")
        for _ in range(2):
            with pytest.raises(AnalysisError, match="no reposts yet"):
                ws.spread()
        assert ws.traces == []
        load(ws, REPOSTS + "r1,a,b,p1,p1,2024-01-03\n")
        assert ws.spread().summary()["cascades"] == 1


# ---------------------------------------------------------------------- kept, compared


def test_of_a_question_the_newest_answers_are_kept(ws: Workspace) -> None:
    for i in range(settings.KEPT_ANSWERS + 2):
        load(ws, f"follower,followed\nnew{i},ann\n")
        found = ws.rank(by="in_degree")
    rows = [stored for stored in ws.answers.all() if stored.question.parameters.get("by") == "in_degree"]
    assert len(rows) == settings.KEPT_ANSWERS
    assert rows[0].run == found.run_id
    folder = ws.answers.folder / rows[0].question.key
    assert {part.name for part in folder.iterdir()} == {stored.run for stored in rows}


def test_what_changed_since_a_run_is_told_by_account(ws: Workspace) -> None:
    before = ws.rank(by="in_degree")
    load(ws, "follower,followed\nu0,ann\nnew,bob\n")
    found = ws.diff(since=before.run_id)
    rows = found.frame()
    assert rows["change"].to_dict() == {"x:ann": "changed", "x:bob": "changed", "x:new": "new"}
    assert rows.loc["x:ann", "in_degree_after"] == rows.loc["x:ann", "in_degree_before"] + 1
    assert found.summary() == {"new": 1, "gone": 0, "changed": 2, "same": 12}
    after = ws.rank(by="in_degree")
    assert ws.diff(before.run_id, after.run_id).frame().equals(rows)
    assert ws.diff(since=after.run_id).summary()["changed"] == 0
    saved = ws.save(Scores(measure="mine", ids=np.array(["x:ann"], object), values=np.ones(1)))
    with pytest.raises(InputError, match="was not asked for, but saved"):
        ws.diff(since=saved)
    with pytest.raises(InputError, match=r"^name two runs, or one with since=RUN"):
        ws.diff(before.run_id)


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_answer_can_be_compared_with_itself(ws: Workspace, name: str) -> None:
    run = QUESTIONS[name](ws).run_id
    found = ws.diff(since=run)
    assert found.frame().empty
    assert re.fullmatch("[0-9a-f]{16}", run)
