"""Answers are kept as plain files and read again, to the last bit, when they are asked for."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import pandas as pd
import pytest

import kolgraph.verbs.audience as audience_verb
from kolgraph.centrality import personal_pageranks
from kolgraph.centrality.groups import Groups
from kolgraph.errors import EnvironmentProblem
from kolgraph.graph import Graph
from kolgraph.influence.audience import audiences
from kolgraph.influence.audit import Group, audit
from kolgraph.influence.composition import composition
from kolgraph.influence.consistency import Consistency
from kolgraph.influence.coverage import coverage
from kolgraph.influence.explanation import explain
from kolgraph.influence.overlap import overlap
from kolgraph.influence.proven import proven
from kolgraph.influence.quality import Quality
from kolgraph.influence.realised import realised
from kolgraph.influence.sampled import ring_share
from kolgraph.influence.value import value
from kolgraph.niches import find_niches
from kolgraph.planning import plan
from kolgraph.results import Result, Scores
from kolgraph.results.packing import pack, unpack
from kolgraph.rings import Rings, coordination
from kolgraph.rings.casefile import example
from kolgraph.rings.find import Ring
from kolgraph.rings.verify import Verification
from kolgraph.spread import measure_cascades
from kolgraph.verbs.diff import Diff
from kolgraph.verbs.explain import CheckUp
from kolgraph.verbs.real import Real

ODD = ["甲", "", "a\nb", "\u202e", "😀", "\x00", '"}', "\ud83d"]
GRAPH = Graph.from_edges(["x", "y", "y", "甲"], ["ann", "ann", "bob", "bob"])


def ring(number: int) -> Ring:
    of = {f.name: 0.5 for f in fields(Ring)}
    of |= {"number": number, "verdict": "fan club", "edges": 7, "bits": float("inf"), "density": float("nan")}
    of |= {"relation": "follow", "points": {"bits": 0.5}, "views": {"follow": float("inf")}}
    of |= {"members": texts("x", "y"), "targets": texts(), "member_edges": np.array([1, 2], np.int32)}
    return Ring(**of | {"target_edges": np.empty(0, np.int32)})


def texts(*values: str | None) -> Any:
    return np.array([*values, None], object)[:-1]


WHY = explain(
    GRAPH, "ann", onward=np.ones(GRAPH.n), targets=np.ones(GRAPH.n), groups={"k": ["a", None] * 2 + ["b"]}, seed=1
)
AUDIENCES = audiences(GRAPH, ["ann", "bob"])
SHOWN = pd.DataFrame({"followers": [0.0, 0.0, 0.0, 20.0, 2.0], "followings": np.nan})
COVERAGE = coverage(GRAPH, SHOWN)
CAME = pd.DataFrame({"account": GRAPH.rows(["ann"])[0], "actor": [0, 1], "ts": [1.7e12, np.nan]})
WHOLE = overlap(GRAPH, COVERAGE, ["ann", "bob"])
MADE_OF = composition(GRAPH, COVERAGE, ["ann", "bob"], {"k": ["a", None] * 2 + ["b"]})
PLAN = plan(GRAPH, candidates={"ann": 5.0, "bob": 7.5}, budget_cny=20.0, sets=500, seed=1)
NOTHING = np.empty(0)
ANSWERS: dict[str, Result] = {
    "scores": Scores(
        measure="m", ids=texts(*ODD), values=np.arange(8.0), parameters={"名": [1, 2.5, None, True]}, seed=3
    ),
    "scores with gaps": Scores(
        measure="m",
        ids=texts("a", None, "b"),
        values=np.array([np.nan, -0.0, np.inf]),
        low=np.array([np.nan, 0, 1]),
        high=np.array([1, 2, np.inf]),
    ),
    "no scores": Scores(measure="m", ids=texts(), values=NOTHING, low=NOTHING, high=NOTHING),
    "real": Real(ids=texts("a", "b"), weight=np.array([0.0, 1.0]), ring=texts("follow:1", None)),
    "realised": realised(texts("ann", "bob"), [0, 0, 1], [1.0, 2.0, np.nan], [1, 0, 0]),
    "realised of nobody": realised(texts(), [], [], []),
    "proven": proven(texts("ann", "bob", "cai", None), [0, 0, 1, 2], [1.0, 2.0, np.nan, 3.0], [3, 1, 0, 9], seed=1),
    "proven of nobody": proven(texts("ann"), [], [], [], seed=1),
    "value": value(texts(*"ab"), [1.0, 2.0], price=[1.0, np.nan], score=[np.nan, 4.5], followers=[10.0, np.nan]),
    "consistency": Consistency(pairs=pd.DataFrame({"a": ["x:1"], "b": ["y:2"], "topics": [np.nan]})),
    "quality": Quality(
        ids=texts("a", "b"),
        shares=pd.DataFrame(
            {"known": [3, 0], "known_share": [np.nan, 0.1]}
            | dict.fromkeys(
                ["ring_share", "zombie_share", "reachable", "reciprocal", "burst_share", "growth_z", "engaged"], np.nan
            )
        ),
        tier=texts("头部", None),
        score=np.array([50, np.nan]),
    ),
    "rings": Rings(relation="follow", rings=(ring(1), ring(2)), habit=True, null_bits=(0.1,)),
    "no rings": Rings(relation="repost", rings=()),
    "case": example(),
    "audit": audit(
        ["ann", "bob"],
        np.asarray(GRAPH.rows(["ann", "bob"])),
        followers=CAME,
        reposts=CAME.head(0),
        groups=[Group("follow:1", "coordinated", np.arange(1))],
        coverage=COVERAGE,
        ring_share=ring_share(GRAPH, COVERAGE, []),
    ),
    "coordination": coordination(["甲", "b"] * 2, ["x", "x", "y", "y"], [0, 1, None, 5], kind="link", min_weight=1),
    "no coordination": coordination([], [], kind="k", window_s=None),
    "audiences": AUDIENCES,
    "audience": audience_verb.Audience(
        everybody=AUDIENCES, real=AUDIENCES, whole=WHOLE, groups=MADE_OF, parameters={"a": ("t", ["l"])}
    ),
    "overlap": WHOLE,
    "coverage": COVERAGE,
    "composition": MADE_OF,
    "explanation": WHY,
    "check-up": CheckUp(
        **{f.name: None for f in fields(CheckUp) if f.name not in {"parameters", "seed", "graph"}}
        | {"account_id": "甲", "name": "\n", "tier": "", "posts": 0, "shares": {"known": None, "ring_share": 0.5}}
        | {"problems": ("ring_share",), "why": WHY, "groups": MADE_OF}
    ),
    "niches": find_niches(GRAPH, seed=1),
    "cascades": measure_cascades(
        pd.DataFrame(
            [("r", None, "r", "ann", 0, None), ("a", "r", "r", None, 5, "chain")],
            columns=["post_id", "parent_id", "root_id", "account_id", "ts", "evidence"],
        ).astype({"ts": "Int64"})
    ),
    "groups": Groups(kind="weak", ids=texts("a", "b"), labels=np.array([0, 1])),
    "plan": PLAN,
    "personal": personal_pageranks(GRAPH, ["ann", "甲"]),
}


def same(a: Any, b: Any) -> bool:
    """Equal to the last bit: types, missing values and signs of zero too."""
    if isinstance(a, np.generic) or isinstance(b, np.generic):  # a number of numpy comes back as one of Python
        a, b = (x.item() if isinstance(x, np.generic) else x for x in (a, b))
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        if a.dtype.kind == "O":
            return a.shape == b.shape and a.tolist() == b.tolist()
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, pd.DataFrame):
        pd.testing.assert_frame_equal(a, b, check_exact=True)
        return True
    if is_dataclass(a):
        left = getattr(a, "LEFT_OUT", ())
        return all(same(getattr(a, f.name), getattr(b, f.name)) for f in fields(a) if f.name not in left)
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, tuple | list):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b or (a != a and b != b))


@pytest.mark.parametrize("name", ANSWERS)
def test_what_is_kept_comes_back_to_the_last_bit(name: str, tmp_path: Path) -> None:
    answer = ANSWERS[name]
    pack(answer, tmp_path)
    back = unpack(tmp_path)
    assert type(back) is type(answer)
    assert back.run_id == answer.run_id
    assert same(answer, back)
    assert repr(back) == repr(answer)
    if hasattr(type(answer), "frame") and name not in {"explanation", "groups", "personal"}:
        assert same(back.records(2), answer.records(2))


def test_every_kind_of_answer_is_tried() -> None:
    """All classes below `Result`, those of the verbs among them; one that only compares others is never kept."""
    import kolgraph

    for verb in kolgraph.VERBS:
        kolgraph.verb(verb)

    def below(of: type) -> set[type]:
        return {of} | {sub for child in of.__subclasses__() for sub in below(child)}

    ours = {c for c in below(Result) - {Result} if c.__module__.startswith("kolgraph.") and "analysis" in vars(c)}
    assert ours - {Diff, Verification} == {type(answer) for answer in ANSWERS.values()}


def test_nothing_that_is_kept_can_run(tmp_path: Path) -> None:
    for number, answer in enumerate(ANSWERS.values()):
        folder = tmp_path / str(number)
        folder.mkdir()
        pack(answer, folder)
        assert {file.suffix for file in folder.iterdir()} <= {".json", ".npz", ".arrow"}
        with np.load(folder / "arrays.npz", allow_pickle=False) as kept:
            assert all(kept[name].dtype.kind in "biufS" for name in kept.files)


def test_what_cannot_be_kept_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"r\.parameters\.0: a object cannot be kept"):
        pack(Scores(measure="m", ids=texts(), values=NOTHING, parameters={"x": object()}), tmp_path)


def test_arrays_and_tables_are_read_when_they_are_asked_for(tmp_path: Path) -> None:
    pack(ANSWERS["realised"], tmp_path)
    back = unpack(tmp_path)
    assert not {"ids", "values", "windows"} & set(vars(back))
    assert back.summary() == {}
    _ = back.values
    assert "values" in vars(back)
    assert not {"ids", "windows"} & set(vars(back))


def test_what_was_left_out_is_made_when_it_is_asked_for(tmp_path: Path) -> None:
    pack(PLAN, tmp_path)
    made = []
    back = unpack(tmp_path, {"pool": lambda: made.append(1) or PLAN.pool})
    assert back.frame().equals(PLAN.frame())
    assert made == []
    assert back.compare(["bob"]).equals(PLAN.compare(["bob"]))
    assert back.pool is PLAN.pool
    assert made == [1]
    with pytest.raises(AttributeError, match="pool"):
        _ = unpack(tmp_path).pool


DAMAGES = {
    "gone": lambda file: file.unlink(),
    "empty": lambda file: file.write_bytes(b""),
    "cut": lambda file: file.write_bytes(file.read_bytes()[: file.stat().st_size // 2]),
    "zeros": lambda file: file.write_bytes(bytes(file.stat().st_size)),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("file", ["answer.json", "arrays.npz", "r.windows.arrow"])
def test_damage_is_an_error_and_never_another_answer(tmp_path: Path, file: str, damage: str) -> None:
    pack(ANSWERS["realised"], tmp_path)
    DAMAGES[damage](tmp_path / file)
    with pytest.raises((OSError, ValueError, KeyError, EOFError, BadZipFile, EnvironmentProblem)):
        _ = unpack(tmp_path).windows


def test_a_flipped_bit_of_an_array_is_an_error(tmp_path: Path) -> None:
    pack(ANSWERS["scores"], tmp_path)
    raw = bytearray((tmp_path / "arrays.npz").read_bytes())
    raw[raw.index(np.arange(8.0).tobytes()) + 9] ^= 1
    (tmp_path / "arrays.npz").write_bytes(raw)
    with pytest.raises(EnvironmentProblem, match="ask again with fresh"):
        _ = unpack(tmp_path).values


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("os:system", "no class of ours"),
        ("kolgraph.graph:Graph", "no answer"),
        ("kolgraph.settings:Neo4jLogin", "no answer"),
    ],
)
def test_only_answers_of_ours_are_made(tmp_path: Path, name: str, words: str) -> None:
    pack(ANSWERS["no scores"], tmp_path)
    tree = json.loads((tmp_path / "answer.json").read_text())
    (tmp_path / "answer.json").write_text(json.dumps(tree | {"class": name}))
    with pytest.raises(ValueError, match=words):
        unpack(tmp_path)


def test_an_answer_without_one_of_its_arrays_is_damaged(tmp_path: Path) -> None:
    pack(ANSWERS["scores with gaps"], tmp_path)
    with np.load(tmp_path / "arrays.npz") as kept:
        rest = {name: kept[name] for name in kept.files if name != "r.values"}
    assert len(rest) > 0
    np.savez(tmp_path / "arrays.npz", **rest)
    with pytest.raises(ValueError, match="values is missing"):
        unpack(tmp_path)
