"""Who acts together in a workspace: every kind of object is read, none is mixed with another, and answers are kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from kolgraph.errors import AnalysisError, UnknownName
from kolgraph.synth import World
from kolgraph.verbs.coordination import read_acts
from kolgraph.workspace import Workspace

MINUTE = 60_000
T = 1_700_000_000_000
POSTS = pd.DataFrame(
    [
        ("1", "a", T, "看 https://Shop.example.com/x?utm_source=w #好物# @店家", None),
        ("2", "b", T + 9_000, "买它 https://shop.example.com/x/ #好物#", None),
        ("3", "c", T + 20_000, "", "http://www.shop.example.com/y"),
        ("4", "d", T, "同一句话，一样的。", None),
    ],
    columns=["post", "author", "time", "text", "urls"],
)
REPOSTS = pd.DataFrame(
    [
        ("11", "a", "a", "1", T + 1_000, "同一句话 一样的//@e:别人的话 #别的#"),
        ("12", "b", "a", "1", T + 2_000, "转发微博"),
        ("13", "c", "a", "1", T + 99 * MINUTE, "#好物# 真的"),
        ("14", "d", "a", "1", None, None),
    ],
    columns=["repost", "reposter", "author", "root", "time", "text"],
).astype({"time": "Int64"})
COMMENTS = pd.DataFrame(
    [("21", "a", "1", "", T, "好 @店家"), ("22", "c", "1", "", T + 5_000, "同一句话，一样的")],
    columns=["comment", "src", "post", "parent", "time", "text"],
)


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with Workspace.open(tmp_path_factory.mktemp("coordination") / "w.kol", create=True) as workspace:
        workspace.load(POSTS, platform="weibo")
        workspace.load(REPOSTS, platform="weibo")
        workspace.load(COMMENTS, platform="weibo", record="comment", mapping={name: name for name in COMMENTS})
        yield workspace


def acts(workspace: Workspace, by: str) -> set[tuple[str, str]]:
    table = read_acts(workspace, by)
    return {(user.partition(":")[2], what) for user, what in zip(table["user"], table["object"], strict=True)}


@pytest.mark.parametrize(
    ("by", "told"),
    [
        ("repost", {(u, "weibo:1") for u in "abcd"}),
        ("link", {("a", "shop.example.com/x"), ("b", "shop.example.com/x"), ("c", "shop.example.com/y")}),
        ("domain", {(u, "shop.example.com") for u in "abc"}),
        ("hashtag", {(u, "好物") for u in "abc"}),  # not what others wrote behind //@
        ("reply", {("a", "weibo:1"), ("c", "weibo:1")}),
    ],
)
def test_every_kind_is_read_in_one_form(ws: Workspace, by: str, told: set[tuple[str, str]]) -> None:
    assert acts(ws, by) == told


def test_words_are_ones_own(ws: Workspace) -> None:
    found = acts(ws, "text")
    assert {user for user, words in found if words == "同一句话一样的"} == {"a", "c", "d"}
    assert not any("别人的话" in words or words in {"转发微博", ""} for _, words in found)


def test_who_is_named_is_an_object(ws: Workspace) -> None:
    assert acts(ws, "mention") >= {("a", "@店家")}


def test_edges_of_a_kind_and_what_has_no_time(ws: Workspace) -> None:
    found = ws.coordination(min_weight=1)
    assert set(found.frame().index) == {("weibo:a", "weibo:b"), ("weibo:b", "weibo:a")}
    assert found.summary()["acts_without_time"] == 1
    assert set(ws.coordination(by="domain", min_weight=1, window_s=15).ids) == {"weibo:a", "weibo:b", "weibo:c"}
    assert set(ws.coordination(min_weight=1, window_s=None).ids) == {f"weibo:{u}" for u in "abcd"}


def test_an_answer_is_kept_for_every_parameter(ws: Workspace) -> None:
    asked = [{}, {"by": "text"}, {"window_s": 30}, {"decay_s": 9}, {"min_weight": 1}, {"max_crowd": 5}, {"seed": 2}]
    asked += [{"method": "components"}, {"max_edges": 99}]
    runs = {ws.coordination(**options).provenance.run for options in asked}
    assert len(runs) == len(asked)
    again = ws.coordination(**asked[3])
    assert again.provenance.read
    assert again.frame().equals(ws.coordination(**asked[3], fresh=True).frame())


def test_what_is_not_there_is_said(ws: Workspace, tmp_path: Path) -> None:
    with pytest.raises(AnalysisError, match="no file holds hashes of images"):
        ws.coordination(by="image")
    with pytest.raises(UnknownName, match="unknown kind of object 'retweet'; known: domain, hashtag, image, link"):
        ws.coordination(by="retweet")
    with Workspace.open(tmp_path / "empty.kol", create=True) as empty, pytest.raises(AnalysisError, match="no link is"):
        empty.coordination(by="link")


def test_objects_of_tools_are_told_apart(tmp_path: Path) -> None:
    # CooRTweet has one column for all objects.
    objects = ["https://example.com/a", "http://www.example.com/a/", "#Tag", "＃tag", "example.com", "123", "123"]
    table = pd.DataFrame({"object_id": objects, "account_id": list("abababa"), "content_id": range(7)})
    table.assign(timestamp_share=1_623_881_091).to_csv(tmp_path / "shares.csv", index=False)
    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        ws.load(tmp_path / "shares.csv")
        assert {what for _, what in acts(ws, "link")} == {"example.com/a"}
        assert {what for _, what in acts(ws, "hashtag")} == {"tag"}
        assert acts(ws, "domain") == {("a", "example.com"), ("b", "example.com")}
        assert {what for _, what in acts(ws, "repost")} == {"local:123"}


def test_planted_rings_stand_out_of_a_world(town: Workspace, world: World) -> None:
    found = town.coordination(min_weight=3)
    planted = set("weibo:" + world.truth["rings"].query("role == 'member'")["account"])
    strong = found.frame().query("bits > 10").index
    ends = {account for pair in strong for account in pair}
    assert len(ends & planted) >= 0.9 * len(planted)
    assert len(ends - planted) <= 0.05 * len(ends)


def test_the_command_prints_and_writes_it(
    ws: Workspace, invoke: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    line = ("coordination", ws.path, "--by", "domain", "--min-weight", "1", "--max-crowd", "1", "--format", "json")
    code, out, err = invoke(*line, "-o", tmp_path / "net.json")
    assert (code, json.loads(out)) == (0, [])
    assert "left out as a crowd, shop.example.com: 3 of 3 acts, 3 pairs" in err
    assert json.loads((tmp_path / "net.json").read_text("utf-8"))["capped"][0]["pairs_left_out"] == 3
    code, out, err = invoke("coordination", ws.path, "--min-weight", "1", "--groups", "--format", "json")
    assert json.loads(out) == [
        {"community": 0, "accounts": 2, "pairs": 1, "density": 1.0, "mean_weight": 1.0}
        | {"members": ["weibo:a", "weibo:b"], "pushed": ["weibo:1"]}
    ]
    code, _, err = invoke("coordination", ws.path, "--window", "soon")
    assert (code, err.count("\n")) == (2, 1)
    assert "write 90s, 5m, 2h, 1d or none" in err
