"""Campaigns: loaded like anything else, published with the trees of their posts, and forgotten with their people."""

from __future__ import annotations

from pathlib import Path

import pytest

from kolgraph.errors import EnvironmentProblem
from kolgraph.settings import TIERS, tiers
from kolgraph.store import open_store
from kolgraph.verbs.forget import forget
from kolgraph.verbs.publish import WorkspaceSnapshot, publish
from kolgraph.workspace import Workspace
from tests.worlds.shelf import Shelf
from tests.worlds.stores import rows

ALL = "SELECT campaign_id, name, post_id FROM campaigns ORDER BY ALL"


def test_headers_in_both_languages_name_a_campaign_and_its_posts(shelf: Shelf) -> None:
    first = shelf.load("campaign,post,name\n双11,5001,口红节\n双11,5002,\n", platform="weibo")
    assert (first.counts.accepted, first.counts.rejected) == (2, 0)
    again = shelf.load("活动,微博ID\n双11,5001\n618,weibo:5001\n", platform="weibo")
    assert (again.counts.accepted, again.counts.merged) == (1, 1)
    assert shelf.rows(ALL) == [
        ("618", None, "weibo:5001"),
        ("双11", "口红节", "weibo:5001"),
        ("双11", None, "weibo:5002"),
    ]


def test_a_row_without_its_post_or_campaign_is_rejected(shelf: Shelf) -> None:
    report = shelf.load("campaign,post\n双11,\n,5001\n", platform="weibo")
    assert [(r.line, r.column, r.code) for r in report.rejects] == [
        (2, "post", "MISSING_FIELD"),
        (3, "campaign", "MISSING_FIELD"),
    ]


def test_posts_with_a_campaign_beside_them_stay_posts(shelf: Shelf) -> None:
    report = shelf.load("post,author,text,campaign\n5001,1,hello,双11\n", platform="weibo")
    assert report.decisions[0].startswith("post:")


def test_a_campaign_is_published_with_the_reposts_of_its_posts(shelf: Shelf, tmp_path: Path) -> None:
    shelf.load("post,author,time,text\n9,1,2024-01-01,hi\n", platform="weibo")
    shelf.load("reposter,repost,root,parent,time\n2,10,9,9,2024-01-02\n3,11,9,10,2024-01-03\n", platform="weibo")
    shelf.load("campaign,post\n双11,9\n双11,99\n", platform="weibo")
    publish(shelf.ws, tmp_path / "g.lbug")
    with open_store(tmp_path / "g.lbug") as store:
        assert rows(store, "campaign-tree", campaign="双11") == [("weibo:9", 1, 1, 1), ("weibo:9", 2, 1, 1)]
        posts = rows(store, "campaign-posts", campaign="双11")
        assert [row[:2] for row in posts] == [("weibo:9", "weibo:1"), ("weibo:99", None)]
        assert [row[2:5] for row in rows(store, "post-tree", post="weibo:9")] == [
            ("weibo:9", "api_parent", "weibo:2"),
            ("weibo:10", "api_parent", "weibo:3"),
        ]


def test_who_is_forgotten_leaves_no_campaign_behind(tmp_path: Path) -> None:
    def load(ws: Workspace, text: str) -> int:
        (tmp_path / "f.csv").write_text(text)
        return ws.load(tmp_path / "f.csv", platform="weibo", max_reject_rate=1.0).counts.rejected

    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        load(ws, "account,name\n1,王小明\n2,李雷\n")
        load(ws, "post,author,text\n9,1,hi\n8,2,ho\n")
        load(ws, "campaign,post,name\n双11,9,口红节\n双11,8,口红节\n王小明,8,\n")
        assert forget(ws, ["weibo:1"]).rows["campaigns"] == 2
        assert ws.sql(ALL).values.tolist() == [["双11", "口红节", "weibo:8"]]
        assert load(ws, "campaign,post\n双11,9\n王小明,8\n双11,8\n") == 2
        assert len(ws.sql(ALL)) == 1


def test_a_pseudonymous_workspace_keeps_no_readable_campaign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KOLGRAPH_KEY", "0" * 32)
    (tmp_path / "f.csv").write_text("campaign,post,name\n双11,5001,口红节\n")
    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        ws.load(tmp_path / "f.csv", platform="weibo", pseudonymise=True)
        [[campaign, name, post]] = ws.sql(ALL).values.tolist()
    assert len(campaign) == 32
    assert name is None or name != name
    assert "5001" not in post


def test_tiers_go_by_followers_and_are_a_setting(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.load("account,followers\n1,1000000\n2,999999\n3,99999\n4,1000\n5,999\n6,\n", platform="weibo")

    def published() -> list[str | None]:
        return list(WorkspaceSnapshot(shelf.ws)["Account"].read_all()["tier"].to_pylist())

    assert tiers() == TIERS
    assert published() == ["头部", "腰部", "尾部", "KOC", None, None]
    monkeypatch.setenv("KOLGRAPH_TIERS", "it's=1000000,small=1")
    assert published() == ["it's", "small", "small", "small", "small", None]


@pytest.mark.parametrize(
    "said", ["big", "big=x", "small=1,big=2", "big=2,small=2", "big=2,,small=1", "a=3,a=2", "big=-1"]
)
def test_tiers_out_of_form_are_refused(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KOLGRAPH_TIERS", said)
    with pytest.raises(EnvironmentProblem, match="highest tier first"):
        tiers()
