"""A load as users start it: folders and archives, dry runs, rejects loaded again, formats of other packages."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from kolgraph.cli import cli
from kolgraph.loaders import GENERIC
from kolgraph.loaders.formats import formats
from kolgraph.workspace import Workspace
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
    assert shelf.ws.retry_rejects() == []  # another file by now


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
