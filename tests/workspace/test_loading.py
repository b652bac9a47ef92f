"""A load as users start it: folders and archives, dry runs, rejects loaded again, formats of other packages."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from contextlib import nullcontext
from pathlib import Path

import pytest

from kolgraph.cli import cli
from kolgraph.errors import InputError, UnknownFormat
from kolgraph.loaders import GENERIC
from kolgraph.loaders.formats import formats
from kolgraph.workspace import Workspace
from kolgraph.workspace.loading import LoadReport
from tests.worlds.shelf import Shelf

FOLLOWS = "follower,followed\n1,2\n3,2\n"


def invoke(*arguments: object) -> None:
    cli([str(a) for a in arguments], standalone_mode=False)


def rows(workspace: Path, table: str) -> int:
    with Workspace.open(workspace) as ws:
        return int(ws.sql(f"SELECT count(*) AS n FROM {table}")["n"].item())


def test_a_dry_run_shows_the_rows_and_loads_nothing(shelf: Shelf) -> None:
    report = shelf.load(FOLLOWS, dry_run=True)
    assert report.counts.accepted == 2
    assert report.sample["follows"][["src", "dst"]].to_numpy().tolist() == [
        ["local:1", "local:2"],
        ["local:3", "local:2"],
    ]
    assert all(not content for content in shelf.content().values())
    assert shelf.rows("SELECT count(*) FROM batches") == [(0,)]


def test_a_folder_loads_what_is_data_and_names_what_is_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "crawl"
    (data / "deep").mkdir(parents=True)
    (data / "a.csv").write_text(FOLLOWS)
    (data / "deep" / "b.csv").write_text("follower,followed\n4,2\n")
    (data / "README.md").write_text("# What we crawled\n")
    invoke("load", tmp_path / "w.kol", data)
    said = capsys.readouterr()
    assert rows(tmp_path / "w.kol", "follows") == 3
    assert "skipped" in said.err and "README.md" in said.err


def test_an_archive_is_called_by_its_own_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with zipfile.ZipFile(tmp_path / "crawl.zip", "w") as archive:
        archive.writestr("in/f.csv", FOLLOWS + "5,\n" * 2)
    invoke("load", tmp_path / "w.kol", tmp_path / "crawl.zip", "--max-reject-rate", 1)
    said = capsys.readouterr()
    assert "crawl.zip!/in/f.csv: 4 rows read" in said.out
    assert "crawl.zip!/in/f.csv:4" in said.err
    assert rows(tmp_path / "w.kol", "rejects") == 2


def test_what_was_rejected_is_loaded_when_it_is_readable(shelf: Shelf, tmp_path: Path) -> None:
    # A file whose rows were refused by an older loader: the good ones are known, so only the others add something.
    file = tmp_path / "f.csv"
    file.write_text(FOLLOWS + "9,\n")
    first = shelf.load_file(file)
    assert (first.counts.accepted, first.counts.rejected) == (2, 1)
    with shelf.ws.transaction() as connection:
        connection.execute(
            "DELETE FROM follows WHERE src IN (SELECT account_key FROM accounts WHERE account_id = 'local:3')"
        )
    (again,) = shelf.ws.retry_rejects()
    assert (again.counts.accepted, again.counts.merged, again.counts.rejected) == (1, 1, 1)
    assert shelf.rows("SELECT rows_read, accepted, merged, rejected FROM batches") == [(3, 3, -1, 1)]
    assert shelf.rows("SELECT line, code FROM rejects") == [(4, "MISSING_FIELD")]
    file.write_text(FOLLOWS)
    [changed] = shelf.ws.retry_rejects()
    assert str(changed) == f"skipped: {file} (batch 1): it has changed since it was loaded"
    file.unlink()
    [gone] = shelf.ws.retry_rejects()
    assert str(gone) == f"skipped: {file} (batch 1): it is not there any more"
    assert shelf.rows("SELECT line, code FROM rejects") == [(4, "MISSING_FIELD")]


@pytest.mark.parametrize("member", ["prices.csv", "in/prices.csv"])
def test_rejects_of_a_file_in_an_archive_are_tried_again(shelf: Shelf, tmp_path: Path, member: str) -> None:
    prices, crawl = "昵称,平台,报价\n甲甲,微博,5\n谁谁,微博,6\n", tmp_path / "crawl.zip"
    with zipfile.ZipFile(crawl, "w") as archive:
        archive.writestr("a.csv", FOLLOWS)
        archive.writestr(member, prices)
    shelf.ws.load_all(crawl, max_reject_rate=1.0, platform="weibo")
    assert shelf.rows("SELECT count(*) FROM rejects") == [(2,)]
    shelf.load("account,name\n7,甲甲\n", platform="weibo")
    [report] = shelf.ws.retry_rejects()
    assert (report.file, report.counts.accepted, report.counts.rejected) == (f"{crawl}!/{member}", 1, 1)
    with zipfile.ZipFile(crawl, "w") as archive:
        archive.writestr(member, prices + "谁谁,微博,7\n")
    [report] = shelf.ws.retry_rejects()
    assert "has changed" in report.skipped
    crawl.write_bytes(b"no archive")
    [report] = shelf.ws.retry_rejects()
    assert "not there any more" in report.skipped


def test_what_is_not_tried_again_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "f.csv"
    file.write_text(FOLLOWS + "9,\n")
    invoke("load", tmp_path / "w.kol", file, "--max-reject-rate", 1)
    file.unlink()
    capsys.readouterr()
    invoke("load", tmp_path / "w.kol", "--retry-rejects")
    assert "f.csv (batch 1): it is not there any more" in capsys.readouterr().err


# ---------------------------------------------------------------------- many files, one rule

NAMED = "account,name\n7,小明\n"
POSTS = "post,author,text\np,1,hi @小明\n"


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """Files that name somebody, and one that is no data and comes after them."""
    folder = tmp_path / "mixed"
    folder.mkdir()
    (folder / "a.csv").write_text(NAMED)
    (folder / "b.csv").write_text(POSTS)
    (folder / "c.csv").write_text("x,y\n1,2\n")
    return folder


def whom(ws: Workspace) -> list[tuple[str]]:
    return ws.fetch("SELECT account_id FROM mentions JOIN accounts ON account_key = dst")


@pytest.mark.parametrize("kind", ["folder", "pattern", "archive"])
def test_what_comes_beside_data_is_skipped_with_a_line(shelf: Shelf, mixed: Path, kind: str) -> None:
    with zipfile.ZipFile(mixed.parent / "mixed.zip", "w") as archive:
        for file in sorted(mixed.iterdir()):
            archive.write(file, file.name)
    said = {"folder": mixed, "pattern": str(mixed / "*.csv"), "archive": mixed.parent / "mixed.zip"}[kind]
    heard: list[str] = []
    reports = shelf.ws.load_all(said, platform="weibo", each=lambda report: heard.append(str(report)))
    assert [bool(report.skipped) for report in reports] == [False, False, True]
    assert heard == [str(report) for report in reports]
    assert "c.csv" in heard[2] and heard[2].startswith("skipped: ")
    assert whom(shelf.ws) == [("weibo:7",)]


def test_a_file_that_is_named_has_to_be_data(shelf: Shelf, mixed: Path) -> None:
    for said in (mixed / "c.csv", [mixed / "a.csv", mixed / "c.csv"], [mixed / "c.csv", str(mixed / "*.csv")]):
        with pytest.raises(UnknownFormat, match=r"c\.csv"):
            shelf.ws.load_all(said, platform="weibo")
    with pytest.raises(InputError, match="no file in it is data"):
        shelf.ws.load_all(str(mixed / "c*"))
    with pytest.raises(InputError, match="name the files"):
        shelf.ws.load_all([])


@pytest.mark.parametrize("end", [KeyboardInterrupt, InputError, None])
def test_names_are_resolved_whatever_happens(
    shelf: Shelf, mixed: Path, end: type[BaseException] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    (mixed / "c.csv").unlink()

    def stop(report: LoadReport) -> None:
        if end and report.file.endswith("b.csv"):
            raise end

    with pytest.raises(end) if end else nullcontext():
        shelf.ws.load_all(mixed, platform="weibo", each=stop)
    assert whom(shelf.ws) == [("weibo:7",)]


def test_names_are_resolved_by_the_command_that_is_run_again_after_a_kill(shelf: Shelf, mixed: Path) -> None:
    for name in ("a", "b"):  # as far as the killed one came
        shelf.ws.load(mixed / f"{name}.csv", platform="weibo", resolve_names=False)
    assert whom(shelf.ws) == []
    assert all(report.known or report.skipped for report in shelf.ws.load_all(mixed, platform="weibo"))
    assert whom(shelf.ws) == [("weibo:7",)]


@pytest.mark.parametrize("error", [KeyboardInterrupt, InputError])
@pytest.mark.parametrize("when", ["opening", "loading"])
def test_an_interrupted_load_takes_away_what_it_made_and_no_more(
    tmp_path: Path, when: str, error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise error

    (tmp_path / "old.kol" / "cache").mkdir(parents=True)
    Workspace.open(tmp_path / "empty.kol", create=True).close()
    monkeypatch.setattr(
        *(("kolgraph.workspace.making.lay_out_new", stop) if when == "opening" else (Workspace, "load", stop))
    )
    for place in ("new/deep/w.kol", "old.kol", *["empty.kol"] * (when == "loading")):
        with pytest.raises(error), Workspace.filling(tmp_path / place) as ws:
            ws.load("f.csv")
    assert sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*")) == [
        "empty.kol",
        "empty.kol/workspace.duckdb",
        "old.kol",
        "old.kol/cache",
    ]


def test_a_workspace_that_another_process_filled_meanwhile_stays(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text(FOLLOWS)
    with pytest.raises(InputError), Workspace.filling(tmp_path / "w.kol") as ws:
        ws.close()
        with Workspace.open(tmp_path / "w.kol") as other:
            other.load(tmp_path / "f.csv")
        raise InputError
    assert rows(tmp_path / "w.kol", "follows") == 2


# ---------------------------------------------------------------------- whose ids these are


def test_ids_that_look_like_those_of_a_platform_are_pointed_at(shelf: Shelf) -> None:
    def said(data: str, **options: str) -> list[str]:
        return [line for line in shelf.load(data, **options).decisions if line.startswith("no platform is named")]

    [line] = said("follower,followed\n1000300183,1000300184\n")
    assert "local:1000300183" in line and "kolgraph unload WORKSPACE" in line and "platform=weibo" in line
    assert not said("follower,followed\nann,bob\n12,13\n")
    assert not said("follower,followed\n1000300185,1000300186\n", platform="local")
    shelf.load("follower,followed\n91,92\n", platform="bilibili")
    [line] = said("follower,followed\n1000300187,1000300188\n")
    assert "platform=bilibili" in line


def test_ids_that_are_known_from_a_platform_are_asked_about(shelf: Shelf) -> None:
    shelf.load("account,name\n1000300183,小明\n", platform="weibo")
    fans = "follower,followed\n1000300183,1000300184\n"
    before = shelf.content()
    with pytest.raises(InputError, match=r"1 of them are known from weibo \('1000300183'.*platform=local"):
        shelf.load(fans)
    assert shelf.content() == before
    shelf.load(fans, platform="local")
    shelf.load(fans + "5,6\n", platform="weibo")
    assert shelf.rows("SELECT count(*) FROM follows") == [(3,)]


def test_our_own_tables_say_the_platform_with_every_id(shelf: Shelf, tmp_path: Path) -> None:
    shelf.load(FOLLOWS, platform="weibo")
    shelf.load(FOLLOWS, platform="local")
    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        ws.load_all(shelf.ws.export("all", tmp_path / "out", to="csv"))
        assert ws.fetch("SELECT count(*) FROM follows") == [(4,)]


def test_an_unknown_name_is_resolved_on_demand(shelf: Shelf) -> None:
    shelf.load("post,author,text\np,1,hi @小明\n", platform="weibo")
    assert shelf.ws.resolve_names() == 1
    shelf.load("account,name\n7,小明\n", platform="weibo")
    assert shelf.ws.resolve_names() == 0


def test_every_format_is_listed_in_both_languages(capsys: pytest.CaptureFixture[str]) -> None:
    invoke("formats", "--format", "json")
    listed = {row["format"]: row for row in json.loads(capsys.readouterr().out)}
    assert set(listed) == {*formats(), *GENERIC}
    for row in listed.values():
        assert row["files"].isascii() or row["files"]
        assert any("\u4e00" <= c <= "\u9fff" for c in row["文件"]), row


PLUGIN = """
from kolgraph.loaders.spec import Emit, Format
FORMATS = [Format("acme", "Acme follows", "Acme 关注", keys=frozenset({"acme_fan", "acme_kol"}),
                  platform="acme", emits=(Emit("follow", {"src": "acme_fan", "dst": "acme_kol"}),))]
"""


def test_another_package_can_bring_a_format(tmp_path: Path) -> None:
    site = tmp_path / "site"
    (site / "acme-1.0.dist-info").mkdir(parents=True)
    (site / "acme_formats.py").write_text(PLUGIN)
    (site / "acme-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (site / "acme-1.0.dist-info" / "entry_points.txt").write_text("[kolgraph.formats]\nacme = acme_formats:FORMATS\n")
    (tmp_path / "f.csv").write_text("acme_fan,acme_kol\n1,2\n")
    command = f"import sys; sys.path.insert(0, {str(site)!r}); from kolgraph.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", command, "load", str(tmp_path / "w.kol"), str(tmp_path / "f.csv")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "acme: Acme follows" in done.stdout, done.stderr
    with Workspace.open(tmp_path / "w.kol") as ws:
        assert ws.sql("SELECT account_id FROM accounts ORDER BY 1")["account_id"].tolist() == ["acme:1", "acme:2"]
