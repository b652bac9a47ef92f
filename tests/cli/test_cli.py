"""The command line: every verb works from files; every mistake is one line with the right exit code, no traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kolgraph import cli
from kolgraph.synth import make_world

Invoke = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace of 3,000 accounts, loaded from files; nothing was asked yet, and no test needs that it was."""
    folder = tmp_path_factory.mktemp("world")
    made = make_world(3000, seed=3)
    files = made.write(folder / "files")
    (folder / "kol").write_text(str(made.accounts.sort_values("followers")["account"].iloc[-1]))
    for kind in ("accounts", "follows", "posts", "reposts"):
        done = subprocess.run(
            [sys.executable, "-m", "kolgraph", "load", folder / "w.kol", files[kind], "--platform", "weibo"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "rejected" in done.stdout
    return folder / "w.kol"


def test_same_file_again_changes_nothing(invoke: Invoke, world: Path) -> None:
    code, out, _ = invoke("load", world, world.parent / "files" / "follows.csv", "--platform", "weibo")
    assert code == 0
    assert "loaded before, nothing changed" in out


def test_every_verb_answers_as_json(invoke: Invoke, world: Path) -> None:
    for arguments in (
        ["rings", world],
        ["rings", world, "--relation", "repost"],
        ["niches", world],
        ["real", world],
        ["proven", world],
        ["realised", world],
        ["quality", world],
        ["similar", world, "weibo:{kol}"],
        ["audience", world, "weibo:{kol}"],
        ["rank", world, "--by", "pagerank"],
        ["rank", world, "--top", "5"],
        ["spread", world, "--top", "3"],
        ["plan", world, "--budget", "50000", "--count", "4"],
        ["query", "--list"],
        ["rank", "--list"],  # neither needs a workspace
    ):
        kol = (world.parent / "kol").read_text()
        code, out, err = invoke(*(str(a).replace("{kol}", kol) for a in arguments), "--format", "json")
        assert code == 0, err
        found = json.loads(out, parse_constant=pytest.fail)  # NaN is no JSON
        assert isinstance(found, dict if arguments[0] == "info" else list), arguments
    code, out, _ = invoke("rank", world, "--top", "5", "--format", "json")
    best = json.loads(out)[0]
    assert best["low"] <= best["proven"] <= best["high"]
    assert best["reach"] > 1
    assert best["account_id"].startswith("weibo:")
    assert {"inflation", "realised", "trend", "audience", "tier"} <= set(best)
    code, out, err = invoke("explain", world, best["account_id"], "--format", "json")
    assert (code, json.loads(out)["account_id"]) == (0, best["account_id"]), err
    code, out, err = invoke("explain", world, best["account_id"], "--lang", "zh")
    assert (code, "实证：" in out, "预计：" in out) == (0, True, True), err


def test_published_graph_answers_named_queries_and_text(
    invoke: Invoke, world: Path, caplog: pytest.LogCaptureFixture
) -> None:
    code, _, err = invoke("publish", world)
    assert code == 0, err
    code, out, err = invoke("query", world, "top-accounts", "--format", "csv")
    assert code == 0, err
    assert len(out.splitlines()) > 1
    code, out, err = invoke("query", world, "MATCH (a:Account) RETURN count(a) AS n", "--format", "json")
    assert (code, json.loads(out)) == (0, [{"n": 3000}]), err
    assert caplog.text == ""  # with every kind of result in the workspace, what was just published is not old


def test_report_and_exports_are_written(invoke: Invoke, world: Path, tmp_path: Path) -> None:
    for lang in ("en", "zh"):
        code, _, err = invoke("report", world, "-o", tmp_path / f"{lang}.html", "--lang", lang)
        assert code == 0, err
        assert "<html" in (tmp_path / f"{lang}.html").read_text("utf-8")
    for name in ("a.csv", "a.xlsx", "a.json", "a.parquet"):
        code, _, err = invoke("export", world, "accounts", tmp_path / name)
        assert code == 0, err
        assert (tmp_path / name).stat().st_size > 1000
    code, _, err = invoke("plan", world, "--count", "2", "-o", tmp_path / "plan.xlsx")
    assert code == 0, err
    assert (tmp_path / "plan.xlsx").exists()


def test_a_repeated_question_is_read_and_an_old_answer_says_so(invoke: Invoke, world: Path, tmp_path: Path) -> None:
    first = invoke("rank", world, "--by", "core", "--format", "csv")
    code, out, err = invoke("rank", world, "--by", "core", "--format", "csv")
    assert (code, out) == (0, first[1])
    assert "rank(" not in err  # nothing was computed; what the answer stands on is said
    runs = json.loads(invoke("info", world, "--format", "json")[1])["answers"]
    run = next(row["run"] for row in runs if row["answer"].startswith("rank(by=core"))
    best = out.splitlines()[1].split(",")[0]
    fans = "".join(f"{9_200_000_000 + i},{best[6:]}\n" for i in range(50))
    (tmp_path / "f.csv").write_text("follower,followed\n" + fans)
    assert invoke("load", world, tmp_path / "f.csv", "--platform", "weibo")[0] == 0
    assert "old: account_ids, follows changed" in invoke("info", world)[1]
    code, taken, err = invoke("rank", world, "--by", "core", "--as-is", "--format", "csv")
    assert (code, taken) == (0, out)
    assert err.startswith("old: ")
    assert "changed since; without --as-is it is found anew" in err
    code, out, err = invoke("diff", world, "--since", run, "--top", "50", "--format", "json")
    assert (code, "new=50" in err) == (0, True), err
    assert {row["change"] for row in json.loads(out)} >= {"new"}
    assert "rank(by=core" in err  # it took its time: it was found anew
    assert "rank(" not in invoke("rank", world, "--by", "core", "--format", "csv")[2]
    assert "rank(by=core" in invoke("rank", world, "--by", "core", "--fresh", "--format", "csv")[2]


def test_plan_respects_must_and_never(invoke: Invoke, world: Path) -> None:
    _, out, _ = invoke("plan", world, "--count", "2", "--format", "json")
    first, second = (row["account_id"] for row in json.loads(out))
    code, out, err = invoke("plan", world, "--count", "2", "--never", first, "--must", second, "--format", "json")
    assert code == 0, err
    booked = [row["account_id"] for row in json.loads(out)]
    assert second in booked
    assert first not in booked


MISTAKES = {
    "no workspace": (["info", "{tmp}/none.kol"], 2, "no workspace here"),
    "missing file": (["load", "{tmp}/a.kol", "{tmp}/none.csv"], 2, "no such file"),
    "empty file": (["load", "{tmp}/a.kol", "{tmp}/empty.csv"], 2, "empty"),
    "unknown columns": (["load", "{tmp}/a.kol", "{tmp}/odd.csv"], 2, "not recognised"),
    "unknown direction": (["load", "{tmp}/a.kol", "{tmp}/edges.txt", "--record", "follow"], 2, "direction"),
    "unknown record": (["load", "{tmp}/a.kol", "{tmp}/odd.csv", "--record", "likes", "--map", "src=x"], 2, "likes"),
    "wrong encoding": (["load", "{tmp}/a.kol", "{tmp}/latin.csv"], 2, "--encoding"),
    "scientific id": (["load", "{tmp}/a.kol", "{tmp}/sci.csv"], 2, "sci.csv:2: column 'src': '1.9e18'"),
    "nan weight": (["load", "{tmp}/a.kol", "{tmp}/nan.csv", "--direction", "forward", "--record", "follow"], 2, "nan"),
    "unclosed quote": (["load", "{tmp}/a.kol", "{tmp}/quote.csv"], 2, "quote.csv:2"),
    "info is no table": (["info", "{world}", "--format", "csv"], 2, "'csv' is not one of 'table', 'json'"),
    "rank what": (["rank", "--by", "pagerank"], 2, "name a workspace"),
    "unknown measure": (["rank", "{world}", "--by", "fame"], 2, "unknown measure 'fame'; known:"),
    "unknown relation": (["rank", "{world}", "--by", "pagerank", "--relation", "likes"], 2, "unknown relation 'likes'"),
    "unknown query": (["query", "{world}", "no-such-query"], 2, "no-such-query"),
    "writing query": (["query", "{world}", "MATCH (a:Account) DETACH DELETE a"], 2, "DETACH"),
    "unknown table": (["export", "{world}", "nothing", "{tmp}/a.csv"], 2, "unknown table"),
    "unknown ending": (["export", "{world}", "accounts", "{tmp}/a.doc"], 2, ".doc"),
    "no limit": (["plan", "{world}"], 2, "--budget"),
    "no money": (["plan", "{world}", "--budget", "0.01"], 5, ""),
    "unknown id": (["plan", "{world}", "--count", "1", "--must", "weibo:nobody"], 2, "weibo:nobody"),
    "unknown option": (["rank", "{world}", "--topp", "3"], 2, "topp"),
    "two goals": (["publish", "{world}", "--to", "bolt://x", "--import", "{tmp}"], 2, "--import goes with"),
    "overwrite what": (["publish", "{world}", "--overwrite"], 2, "--overwrite with --import"),
    "no Neo4j there": (["publish", "{world}", "--import", "{tmp}"], 2, "no Neo4j is installed here"),
    "half a property": (["pull", "{world}", "bolt://x", "--property", "fans"], 2, "--property needs FIELD=PROPERTY"),
    "half a relation": (["pull", "{world}", "bolt://x", "--relation", "KNOWS"], 2, "--relation KNOWS=follow"),
    "no server": (["cross-check", "{world}", "{tmp}/x.lbug"], 2, "is no server"),
    "unreachable server": (["publish", "{world}", "--to", "bolt://127.0.0.1:9"], 4, "127.0.0.1:9"),
}


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("broken")
    (folder / "empty.csv").write_text("")
    (folder / "odd.csv").write_text("alpha,beta\n1,2\n")
    (folder / "edges.txt").write_text("1 2\n3 4\n")
    (folder / "latin.csv").write_bytes(
        b"follower,followed\n" + "J\xfcrgen,Ren\xe9\n\xff\xff,\xfe\xfe\n".encode("latin-1") * 50
    )
    (folder / "sci.csv").write_text("follower,followed\n1.9e18,2\n")
    (folder / "nan.csv").write_text("src,dst,weight\n1,2,nan\n")
    (folder / "quote.csv").write_text('follower,followed\n"1,2\n')
    return folder


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_clear_line(name: str, invoke: Invoke, world: Path, broken: Path) -> None:
    arguments, expected, words = MISTAKES[name]
    code, out, err = invoke(*(a.format(tmp=broken, world=world) for a in arguments))
    assert (code, out) == (expected, ""), err
    line = [text for text in err.splitlines() if text.startswith(("kolgraph:", "Error:"))]
    assert len(line) == 1, err
    assert words in line[0]


def test_names_cannot_send_escape_codes_to_a_terminal() -> None:
    assert cli.printable("\x1b]52;c;x\x07\x9b") == "␛]52;c;x␇␡"


@pytest.mark.parametrize(
    "files", [["good/f.csv", "odd.csv"], ["odd.csv"], ["odd*"], ["none.csv"], ["--dry-run", "good"]]
)
def test_a_load_that_fails_or_is_tried_leaves_no_empty_workspace(
    files: list[str], invoke: Invoke, broken: Path, tmp_path: Path
) -> None:
    (tmp_path / "good").mkdir()
    (tmp_path / "good" / "f.csv").write_text("follower,followed\n1,2\n")
    (tmp_path / "odd.csv").write_bytes((broken / "odd.csv").read_bytes())
    loads = "good/f.csv" in files
    given = [name if name.startswith("--") else tmp_path / name for name in files]
    code, _, err = invoke("load", tmp_path / "new" / "a.kol", *given)
    assert code == (0 if "--dry-run" in files else 2), err
    assert (tmp_path / "new").exists() == loads  # what was loaded before the failure stays
    (tmp_path / "old").mkdir()
    assert invoke("load", tmp_path / "old" / "a.kol", *given)[0] == code
    assert [p.name for p in (tmp_path / "old").iterdir()] == ["a.kol"] * loads


def test_help_names_every_verb(invoke: Invoke) -> None:
    code, out, _ = invoke("--help")
    verbs = [
        "demo",
        "load",
        "info",
        "rank",
        "niches",
        "rings",
        "spread",
        "plan",
        "query",
        "publish",
        "pull",
        "cross-check",
        "report",
        "export",
        "real",
        "proven",
        "realised",
        "quality",
        "similar",
        "audience",
        "explain",
        "diff",
        "people",
        "forget",
    ]
    assert code == 0
    assert all(f"\n  {verb} " in out for verb in verbs)
