"""What constructs of Cypher mean is pinned for both engines, and kolgraph lets none pass that means two things."""

from __future__ import annotations

from typing import Any

import pytest

from kolgraph.errors import KolgraphError
from kolgraph.store import open_store, prepare
from tests.constructs.probe import (
    REJECTED,
    Engine,
    Outcome,
    comparable,
    differs,
    embedded,
    load,
    ordered,
    outcome,
    same,
    server,
)
from tests.constructs.texts import CONSTRUCTS
from tests.constructs.world import snapshot
from tests.worlds.stores import ENGINES

PINNED = load()
AGAIN = "if the new meaning is right, and lint and for_embedded fit it: python -m tests.constructs --write"

#: The embedded engine says no, in one line, to what lint cannot see: types that only a run knows.
LOUD = {
    "CASE of two types",
    "ORDER BY lists",
    "UNION of 1 and 1.0",
    "UNION of two types",
    "UNION with NULL",
    "coalesce of two types",
    "list equals number",
    "list of two types",
    "list plus element",
    "map access of nothing",
    "min of mixed types",
    "property in an unknown list",
    "shortestPath, asked about afterwards",
    "size of an empty list parameter",
    "small parameters multiplied",
    "sum beyond 64 bits",
    "text plus NULL",
}
#: Characters that the engines fold, trim or count differently; no query can avoid them, because they are in the data.
CHARACTERS = {
    "size of a combining mark",
    "size of a joined emoji",
    "toLower of a dotted I",
    "trim of a wide space",
}


@pytest.fixture(scope="module", params=ENGINES)
def engine(request, tmp_path_factory):
    if request.param == "ladybug":
        with embedded(tmp_path_factory.mktemp("constructs")) as found:
            yield found
    else:
        with server(request.getfixturevalue("neo4j_login")) as found:
            yield found


def test_the_pinned_version_is_the_installed_one(engine: Engine):
    assert PINNED["versions"][engine.name] == engine.version, f"look at what changed; {AGAIN}"


def test_every_construct_means_what_is_pinned(engine: Engine):
    assert [c.name for c in CONSTRUCTS] == list(PINNED["constructs"]), "python -m tests.constructs --write"
    changed = []
    for construct in CONSTRUCTS:
        now, pinned = outcome(engine, construct), PINNED["constructs"][construct.name][engine.name]
        if not same(now, pinned):
            changed.append(f"{construct.name}: {construct.text}\n  pinned {pinned}\n  now    {now}")
    assert not changed, f"{engine.name} {engine.version}; {AGAIN}\n" + "\n".join(changed)


def test_no_pin_depends_on_the_order_in_which_rows_were_loaded(tmp_path):
    backwards = {name: rows[::-1] for name, rows in snapshot().items()}
    with embedded(tmp_path, backwards) as engine:
        for construct in CONSTRUCTS:
            assert same(outcome(engine, construct), PINNED["constructs"][construct.name][engine.name]), construct


def numbers(value: Any) -> Any:
    """1.0 as 1: the type of a number may differ, because lint refuses to divide where it does."""
    if isinstance(value, list):
        return [numbers(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def test_what_passes_the_linter_answers_on_the_embedded_engine_as_on_neo4j(tmp_path):
    wrong, loud, characters, passed = [], set(), set(), 0
    with open_store(tmp_path / "graph.lbug") as store:
        store.replace(snapshot())
        for construct in CONSTRUCTS:
            want: Outcome = PINNED["constructs"][construct.name]["neo4j"]
            try:
                prepare(construct.text, construct.parameters)
            except KolgraphError as error:
                assert "\n" not in str(error), construct.name
                continue
            passed += 1
            try:
                answer = store.query(construct.text, **construct.parameters)
                got = comparable(
                    answer.column_names, [list(r.values()) for r in answer.to_pylist()], ordered(construct)
                )
            except KolgraphError as error:
                assert "\n" not in str(error), construct.name
                got = REJECTED
            if same(numbers(got), numbers(want)):
                continue
            if got == REJECTED:
                loud.add(construct.name)
            elif construct.name in CHARACTERS:
                characters.add(construct.name)
            else:
                wrong.append(f"{construct.name}: {construct.text}\n  embedded {got}\n  Neo4j    {want}")
    assert not wrong, "a gap in the linter\n" + "\n".join(wrong)
    assert (loud, characters) == (LOUD, CHARACTERS)
    assert passed > 250


def test_the_probe_is_large_and_has_all_three_kinds():
    kinds = [differs(PINNED["constructs"][c.name]) for c in CONSTRUCTS]
    assert len(kinds) > 500
    assert min(kinds.count(kind) for kind in ("identical", "rejected", "different")) > 50
    assert len({c.name for c in CONSTRUCTS}) == len({(c.text, str(c.parameters)) for c in CONSTRUCTS}) == len(kinds)
