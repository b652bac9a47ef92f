"""Who is forgotten is in no text, topic, campaign or reject either, however the name or the id is written there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kolgraph.errors import EnvironmentProblem
from kolgraph.verbs.forget import forget
from kolgraph.workspace import Workspace
from kolgraph.workspace.tombstones import FILE, SOMEBODY
from tests.worlds.canaries import NAME, UID, found, mapped


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "w.kol", create=True) as opened:
        yield opened


def test_a_name_is_in_no_topic_no_campaign_and_no_text(tmp_path: Path, ws: Workspace) -> None:
    """Neither in what was loaded before nor in what comes later; but what others bear stays, and a short word."""
    accounts = f"account,name\n{UID},{NAME}\n7,Annabel\n8,of\n9,路人\n10,路人\n300,旁人\n"
    texts = [f"我爱{NAME}很久了", f"#{NAME}生日会# ok", "Meet annabel, not Annabella", "one of many", "看见路人了"]
    posts = "post,author,time,text,topics\n"
    posts += "".join(f'8{i},300,2025-01-02,"{text}",\n' for i, text in enumerate(texts))
    posts += f'90,300,2025-01-03,plain,"{NAME},{NAME}后援会,春游"\n'
    campaigns = f"campaign,post,name\nc-{NAME}-1,80,{NAME} x 春游\nc2,81,Annabel tour\n"
    (tmp_path / "a.csv").write_text(accounts, "utf-8")
    ws.load(tmp_path / "a.csv", **mapped("account", "account", "name"))

    def bring(number: int) -> None:
        (tmp_path / f"p{number}.csv").write_text(posts + "\n" * number, "utf-8")
        ws.load(tmp_path / f"p{number}.csv", **mapped("post", "post", "author", "time", "text", "topics"))
        niches = f"account,niche,agency\n30{number},{NAME}粉圈,{NAME}工作室\n31{number},美妆,\n"
        (tmp_path / f"n{number}.csv").write_text(niches, "utf-8")
        ws.load(tmp_path / f"n{number}.csv", **mapped("account", "account", "niche", "agency"))
        (tmp_path / f"c{number}.csv").write_text(campaigns + "\n" * number, "utf-8")
        ws.load(tmp_path / f"c{number}.csv", **mapped("campaign", "campaign", "post", "name"))

    def check_all() -> None:
        kept = {row[0]: row[1] for row in ws.fetch("SELECT post_id, text FROM posts")}
        assert [kept[f"weibo:8{i}"] for i in range(5)] == [
            f"我爱{SOMEBODY}很久了",
            f"#{SOMEBODY}生日会# ok",
            f"Meet {SOMEBODY}, not Annabella",
            "one of many",
            "看见路人了",
        ]
        [(topics,)] = ws.fetch("SELECT topics FROM posts WHERE post_id = 'weibo:90'")
        assert topics == [SOMEBODY, f"{SOMEBODY}后援会", "春游"]
        declared = set(ws.fetch("SELECT niche, agency FROM accounts WHERE niche IS NOT NULL"))
        assert declared == {(f"{SOMEBODY}粉圈", f"{SOMEBODY}工作室"), ("美妆", None)}
        names = dict(ws.fetch("SELECT campaign_id, name FROM campaigns"))
        assert names == {f"c-{SOMEBODY}-1": f"{SOMEBODY} x 春游", "c2": f"{SOMEBODY} tour"}

    bring(0)
    forget(ws, [f"weibo:{UID}", "weibo:7", "weibo:8", "weibo:9"])
    check_all()
    with ws.transaction() as connection:
        for table in ("posts", "campaigns"):
            connection.execute(f"DELETE FROM {table}")
    bring(1)
    check_all()
    ws.close()
    assert found(tmp_path / "w.kol", NAME) == []


@pytest.mark.parametrize("written", ["{}.0", "{}.00", "7.1002003E9", "7.100200300e+9", '"{}.0"', "'{}", " {} "])
def test_an_id_that_a_program_made_a_number_of_is_in_no_reject(tmp_path: Path, ws: Workspace, written: str) -> None:
    row = f"account,followers\n{written.format(UID)},many\n301,many\n"
    (tmp_path / "a.csv").write_text(f"account,name\n{UID},{NAME}\n")
    ws.load(tmp_path / "a.csv", **mapped("account", "account", "name"))
    (tmp_path / "before.csv").write_text(row)
    ws.load(tmp_path / "before.csv", **mapped("account", "account", "followers"))
    forget(ws, [f"weibo:{UID}"])
    (tmp_path / "after.csv").write_text(row + "\n")
    ws.load(tmp_path / "after.csv", **mapped("account", "account", "followers"))
    said = ws.fetch(
        "SELECT file, concat_ws(' ', value, raw) FROM rejects WHERE line = 2 AND concat_ws(value, raw) <> ''"
    )
    assert said == []
    assert ws.fetch("SELECT count(*) FROM rejects WHERE raw LIKE '301%'") == [(2,)]


def test_an_empty_key_file_is_none(tmp_path: Path, ws: Workspace) -> None:
    """It is left by a process that ended, or found no room, between making it and writing it."""
    (tmp_path / "a.csv").write_text(f"account,name\n{UID},{NAME}\n")
    ws.load(tmp_path / "a.csv", **mapped("account", "account", "name"))
    (ws.path / FILE).touch()
    forget(ws, [f"weibo:{UID}"])
    assert len((ws.path / FILE).read_text()) == 64
    assert (ws.path / FILE).stat().st_mode & 0o077 == 0
    (ws.path / FILE).write_text("")
    with pytest.raises(EnvironmentProblem, match="set KOLGRAPH_KEY to that key"):
        ws.load(tmp_path / "a.csv", **mapped("account", "account"))
