"""Exports of platforms for researchers: TikTok, YouTube, Meta Content Library, CrowdTangle."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from kolgraph.errors import InputError
from kolgraph.loaders.known.platforms import ZONES
from tests.worlds.samples import SAMPLES, check, clothes, expected, found
from tests.worlds.shelf import Shelf

BIG = [2**53 - 1, 2**53 + 1, 2**63 - 1]
SECOND = 1_704_135_845  # 2024-01-01 19:04:05 UTC
A, B, C = (f"UC{letter * 22}" for letter in "abc")


def table(*rows: dict[str, Any]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def cells(shelf: Shelf, query: str) -> tuple[Any, ...]:
    """The only row of an answer."""
    (row,) = shelf.rows(query)
    return row


# ---------------------------------------------------------------------- samples


@pytest.mark.parametrize(
    "name", ["tiktok/query_videos.json", "tiktok/user_followers_kol_a.json", "mcl/instagram_posts.csv"]
)
def test_a_sample_gives_the_expected_edges_in_all_clothes(shelf: Shelf, name: str) -> None:
    wanted = expected(name)
    data = (SAMPLES / name).read_bytes()
    for _, ending, dressed in clothes(data, header=name.endswith(".csv")):
        shelf.empty()
        assert shelf.load(dressed, Path(name).name + ending).counts.accepted == 1
        check(shelf, wanted)
        before = shelf.content()
        assert shelf.load(data + b"\n\n", Path(name).name).counts.merged == 1
        assert shelf.content() == before


def test_the_samples_without_expected_edges_are_recognised(shelf: Shelf) -> None:
    expected("tiktok/query_videos.json")  # skips without samples
    names = ("youtube/commentThreads.json", "youtube/ytdt_videolist.csv", "crowdtangle/facebook.csv")
    formats = [shelf.load_file(SAMPLES / name).loader for name in names]
    assert formats == ["youtube-api", "ytdt-videos", "crowdtangle-facebook"]
    assert found(shelf)["replies"] == {
        (f"youtube:{B}", f"youtube:{A}", "Ugx1"),
        (f"youtube:{C}", f"youtube:{B}", "Ugx1.r1"),
    }
    assert found(shelf)["reposts"] == {("facebook:100", "name:page.b", "200", "root")}


# ---------------------------------------------------------------------- TikTok


def answer(key: str, *items: dict[str, Any]) -> str:
    return json.dumps({"data": {key: items, "cursor": 1, "has_more": False}, "error": {"code": "ok"}})


FAN = {"username": "fan_b", "display_name": "B"}


def test_followers_and_following_point_opposite_ways(shelf: Shelf) -> None:
    for subject in ("kol_a", "@kol_a", "tiktok:@kol_a"):
        shelf.empty()
        shelf.load(answer("user_followers", FAN), "f.json", subject=subject)
        assert found(shelf)["follows"] == {("tiktok:@fan_b", "tiktok:@kol_a")}
    shelf.empty()
    shelf.load(answer("user_following", FAN), "f.json", subject="kol_a")
    assert found(shelf)["follows"] == {("tiktok:@kol_a", "tiktok:@fan_b")}


def test_the_subject_is_told_by_the_row_the_option_or_the_name_of_the_file(shelf: Shelf) -> None:
    shelf.load(answer("user_followers", FAN), "user_followers_kol.a.json", subject="kol_c")
    assert found(shelf)["follows"] == {("tiktok:@fan_b", "tiktok:@kol_c")}
    shelf.empty()
    shelf.load(answer("user_followers", FAN), "user_followers_kol_a.json")
    assert found(shelf)["follows"] == {("tiktok:@fan_b", "tiktok:@kol_a")}
    shelf.empty()
    shelf.load(answer("user_followers", FAN | {"following_user": "kol_d"}), "user_followers_kol_a.json")
    assert found(shelf)["follows"] == {("tiktok:@fan_b", "tiktok:@kol_d")}
    with pytest.raises(InputError, match="subject"):
        shelf.load(answer("user_followers", FAN), "f.json")


VIDEO = {
    "id": 7,
    "username": "kol_a",
    "create_time": SECOND,
    "video_description": "hi #one",
    "hashtag_names": ["one", "two"],
    "video_mention_list": ["brand_z"],
    "like_count": 1,
    "share_count": 2,
    "comment_count": 3,
    "view_count": 4,
}


def test_a_video_says_who_is_mentioned(shelf: Shelf) -> None:
    shelf.load(answer("videos", VIDEO), "f.json")
    query = "SELECT post_id, created_ts, topics, likes, reposts, comments, views FROM posts"
    assert cells(shelf, query) == ("tiktok:7", SECOND * 1000, ["one", "two"], 1, 2, 3, 4)
    assert found(shelf)["mentions"] == {("tiktok:@kol_a", "tiktok:@brand_z", "7")}


@pytest.mark.parametrize("form", ["pages.jsonl", "pages.json", "rows.jsonl", "rows.csv"])
def test_ids_of_videos_stay_exact_in_every_form(shelf: Shelf, form: str) -> None:
    videos = [VIDEO | {"id": n} for n in BIG]
    pages = [answer("videos", video) for video in videos]
    text = {
        "pages.jsonl": "\n".join(pages),
        "pages.json": f"[{','.join(pages)}]",
        "rows.jsonl": "\n".join(map(json.dumps, videos)),
        "rows.csv": table(
            *({k: v if not isinstance(v, list) else json.dumps(v) for k, v in x.items()} for x in videos)
        ),
    }[form]
    assert shelf.load(text, form).counts.accepted == 3
    assert found(shelf)["mentions"] == {("tiktok:@kol_a", "tiktok:@brand_z", str(n)) for n in BIG}


def test_a_reposted_video_is_a_repost_of_the_subject_and_a_post_of_its_author(shelf: Shelf) -> None:
    shelf.load(answer("user_reposted_videos", VIDEO), "f.json", subject="fan_b")
    assert shelf.rows(
        "SELECT s.account_id, d.account_id AS author, root_id, ts FROM reposts JOIN accounts s ON s.account_key = src "
        "JOIN accounts d ON d.account_key = dst"
    ) == [("tiktok:@fan_b", "tiktok:@kol_a", "tiktok:7", None)]
    assert cells(shelf, "SELECT post_id, created_ts FROM posts") == ("tiktok:7", SECOND * 1000)


def test_comments_without_writers_are_rejected_and_with_writers_answer(shelf: Shelf) -> None:
    comment = {"id": BIG[1], "video_id": 7, "text": "x", "create_time": SECOND, "parent_comment_id": 7}
    report = shelf.load(answer("comments", comment), "f.json")
    assert [(reject.code, reject.column) for reject in report.rejects] == [("MISSING_FIELD", "src")]
    first, second = comment | {"username": "a"}, comment | {"id": 5, "username": "b", "parent_comment_id": BIG[1]}
    shelf.load(answer("comments", first, second), "f.json")
    assert found(shelf)["replies"] == {("tiktok:@b", "tiktok:@a", "5")}


# ---------------------------------------------------------------------- YouTube


def items(*things: dict[str, Any]) -> str:
    return json.dumps({"kind": "youtube#listResponse", "items": things})


def said(writer: str, text: str, **more: Any) -> dict[str, Any]:
    return {"authorChannelId": {"value": writer}, "textOriginal": text, "publishedAt": "2024-01-01T19:04:05Z", **more}


@pytest.mark.parametrize("form", ["f.json", "f.jsonl"])
def test_threads_go_to_the_channel_and_answers_to_the_comment(shelf: Shelf, form: str) -> None:
    top = {"id": "c1", "snippet": said(B, "first", authorDisplayName="@bee")}
    thread = {
        "kind": "youtube#commentThread",
        "snippet": {"channelId": A, "videoId": "v1", "topLevelComment": top, "publishedAt": "2024-01-01T19:04:05Z"},
        "replies": {"comments": [{"id": "c1.r", "snippet": said(C, "@bee yes", parentId="c1")}]},
    }
    shelf.load(items(thread) if form == "f.json" else json.dumps(thread), form)
    assert found(shelf)["replies"] == {(f"youtube:{B}", f"youtube:{A}", "c1"), (f"youtube:{C}", f"youtube:{B}", "c1.r")}
    assert found(shelf)["mentions"] == {(f"youtube:{C}", f"youtube:{B}", "c1.r")}
    assert shelf.rows("SELECT DISTINCT post_id, ts FROM comments") == [("youtube:v1", SECOND * 1000)]
    before = shelf.content()
    shelf.load(items({"id": "c1.r", "snippet": said(C, "@bee yes", parentId="c1")}), "f.json")
    assert shelf.content() == before


def test_a_subscription_is_a_follow(shelf: Shelf) -> None:
    snippet = {"channelId": A, "resourceId": {"kind": "youtube#channel", "channelId": B}, "title": "B"}
    shelf.load(items({"id": "x", "snippet": snippet | {"publishedAt": "2024-01-01T19:04:05Z"}}), "f.json")
    assert found(shelf)["follows"] == {(f"youtube:{A}", f"youtube:{B}")}
    assert cells(shelf, "SELECT since_ts FROM follows") == (SECOND * 1000,)


def test_channels_show_followers_unless_they_hide_them(shelf: Shelf) -> None:
    shown = {"subscriberCount": "1234", "videoCount": "5", "hiddenSubscriberCount": False}
    snippet = {"title": "T", "customUrl": "@handle", "publishedAt": "2024-01-01T19:04:05Z"}
    hidden = shown | {"subscriberCount": "0", "hiddenSubscriberCount": True}
    shelf.load(items(*({"id": i, "snippet": snippet, "statistics": s} for i, s in ((A, shown), (B, hidden)))), "f.json")
    rows = shelf.rows("SELECT account_id, name, followers, posts, created_ts FROM accounts ORDER BY 1")
    assert rows == [(f"youtube:{i}", "handle", n, 5, SECOND * 1000) for i, n in ((A, 1234), (B, None))]


def test_videos_of_searches_and_of_playlists_are_posts_of_their_owners(shelf: Shelf) -> None:
    snippet = {"channelId": A, "channelTitle": "A", "title": "t", "publishedAt": "2024-01-01T19:04:05Z"}
    listed = snippet | {
        "resourceId": {"videoId": "v3"},
        "videoOwnerChannelId": B,
        "publishedAt": "2025-01-01T00:00:00Z",
    }
    text = items(
        {"kind": "youtube#video", "id": "v1", "snippet": snippet, "statistics": {"likeCount": "3", "viewCount": "9"}},
        {"kind": "youtube#searchResult", "id": {"videoId": "v2"}, "snippet": snippet},
        {"id": "p", "snippet": listed, "contentDetails": {"videoPublishedAt": "2024-01-01T19:04:05Z"}},
        {"kind": "youtube#searchResult", "id": {"playlistId": "PL1"}, "snippet": snippet},
        {"kind": "youtube#playlist", "id": "PL2", "snippet": snippet},
    )
    report = shelf.load(text, "f.json")
    assert [reject.code for reject in report.rejects] == ["NO_RECORD", "NO_RECORD"]
    query = "SELECT post_id, account_id, p.created_ts FROM posts p JOIN accounts ON author = account_key ORDER BY 1"
    assert shelf.rows(query) == [(f"youtube:v{n}", f"youtube:{c}", SECOND * 1000) for n, c in ((1, A), (2, A), (3, B))]


def test_comments_of_the_data_tools_are_in_utc_under_the_video_of_the_file(shelf: Shelf) -> None:
    row = {"id": "c1", "isReplyTo": "", "authorName": "Bee", "text": 'say "hi"', "publishedAt": "2024-01-01 19:04:05"}
    text = table(row, row | {"id": "c2", "isReplyTo": "c1", "authorName": "@sea"})
    shelf.load(text, "videoinfo_vid00000001_2024_01_02_comments.csv")
    assert found(shelf)["replies"] == {("youtube:@sea", "youtube:name:Bee", "c2")}
    assert shelf.rows("SELECT DISTINCT post_id, ts FROM comments") == [("youtube:vid00000001", SECOND * 1000)]
    shelf.empty()
    shelf.load(table(row | {"authorChannelId": B}), "f.csv", root="v9")
    assert cells(shelf, "SELECT account_id, name, post_id FROM comments JOIN accounts ON src = account_key") == (
        f"youtube:{B}",
        "Bee",
        "youtube:v9",
    )


# ---------------------------------------------------------------------- Meta

LIBRARY = {
    "id": "500",
    "mcl_url": "u",
    "creation_time": "2024-01-01T19:04:05+00:00",
    "text": "hi @brand.z #KOL",
    "hashtags": '["KOL", "two"]',
    "post_owner.id": "700",
    "post_owner.name": "A",
    "post_owner.username": "kol_a",
    "statistics.like_count": "10",
    "statistics.views": "",
}


def test_the_content_library_tells_facebook_by_its_reactions(shelf: Shelf) -> None:
    shelf.load(table(LIBRARY))
    query = (
        "SELECT p.post_id, account_id, name, p.created_ts, topics, likes, views "
        "FROM posts p JOIN accounts ON author = account_key"
    )
    assert cells(shelf, query) == ("instagram:500", "instagram:700", "kol_a", SECOND * 1000, ["KOL", "two"], 10, None)
    shelf.empty()
    shelf.load(table(LIBRARY | {"statistics.reaction_count": "12", "statistics.share_count": "3"}))
    assert cells(shelf, "SELECT post_id, reposts FROM posts") == ("facebook:500", 3)


def test_the_content_library_may_be_nested(shelf: Shelf) -> None:
    row = {"id": BIG[1], "mcl_url": "u", "creation_time": "2024-01-01T19:04:05+00:00", "text": "@brand.z"}
    shelf.load(json.dumps(row | {"post_owner": {"id": BIG[2], "username": "kol_a"}, "hashtags": ["x"]}), "f.jsonl")
    assert found(shelf)["mentions"] == {(f"instagram:{BIG[2]}", "name:brand.z", str(BIG[1]))}


PAGE = {
    "Page Name": "Page A",
    "User Name": "page.a",
    "Facebook Id": "100",
    "Followers at Posting": "1,234",
    "Post Created": "2024-01-01 14:04:05 EST",
    "Type": "Link",
    "Likes": "1",
    "Comments": "2",
    "Shares": "3",
    "Total Views": "N/A",
    "URL": "https://www.facebook.com/100/posts/200",
    "Message": "look",
    "Link": "",
}


@pytest.mark.parametrize(
    ("link", "target", "root"),
    [
        ("https://www.facebook.com/page.b/posts/1", "name:page.b", "facebook:1"),
        ("https://www.facebook.com/300/posts/1", "facebook:300", "facebook:1"),
        ("https://www.facebook.com/page.b/videos/title/7/?x=1", "name:page.b", "facebook:7"),
        ("https://www.facebook.com/page.b/posts/pfbid02Ab", "name:page.b", "facebook:pfbid02Ab"),
    ],
)
def test_a_link_to_a_post_of_another_page_is_a_repost(shelf: Shelf, link: str, target: str, root: str) -> None:
    shelf.load(table(PAGE | {"Link": link}))
    assert found(shelf)["reposts"] == {("facebook:100", target, "200", "root")}
    assert cells(shelf, "SELECT root_id, ts FROM reposts") == (root, SECOND * 1000)


@pytest.mark.parametrize(
    "link",
    [
        "",
        "https://example.invalid/page.b/posts/1",
        "https://www.facebook.com/page.a/posts/1",
        "https://www.facebook.com/100/photos/1",
        "https://www.facebook.com/groups/5/permalink/6",
        "https://www.facebook.com/photo.php?fbid=1",
        "https://www.facebook.com/events/12/",
    ],
)
def test_other_links_are_posts(shelf: Shelf, link: str) -> None:
    shelf.load(table(PAGE | {"Link": link}))
    query = "SELECT post_id, created_ts, likes, reposts, comments, views FROM posts"
    assert cells(shelf, query) == ("facebook:200", SECOND * 1000, 1, 3, 2, None)
    assert found(shelf)["reposts"] == set()


def test_the_author_of_a_shared_post_is_known_when_its_page_is(shelf: Shelf) -> None:
    shelf.load(table(PAGE | {"Link": "https://www.facebook.com/page.b/posts/1"}))
    other = {"Page Name": "Page B", "User Name": "page.b", "Facebook Id": "300"}
    shelf.load(table(PAGE | other | {"URL": "https://www.facebook.com/300/posts/9"}))
    assert found(shelf)["reposts"] == {("facebook:100", "facebook:300", "200", "root")}
    names = shelf.rows("SELECT account_id, name, followers FROM accounts ORDER BY 1")
    assert names == [("facebook:100", "Page A", 1234), ("facebook:300", "Page B", 1234)]


def test_a_group_is_an_account(shelf: Shelf) -> None:
    group = {"Group Name": "G"} | {k: v for k, v in PAGE.items() if k != "Page Name"}
    shelf.load(table(group | {"URL": "https://www.facebook.com/groups/100/permalink/456"}))
    assert cells(shelf, "SELECT name FROM accounts") == ("G",)
    assert cells(shelf, "SELECT post_id FROM posts") == ("facebook:456",)


def test_a_zone_with_one_meaning_is_understood_and_one_with_several_is_reported(shelf: Shelf) -> None:
    rows = [PAGE | {"URL": f"https://www.facebook.com/100/posts/{n}"} for n in range(1, 6)]
    times = ["2024-01-01 14:04:05 EST", "2024-01-01 19:04:05 UTC", "2024-01-02 03:04:05 +08", "2024-01-02 03:04:05 CST"]
    times.append("2024-01-01 11:04:05 PST")
    report = shelf.load(table(*(row | {"Post Created": time} for row, time in zip(rows, times, strict=True))))
    assert report.counts.accepted == 5
    assert [(reject.code, reject.line, reject.partly) for reject in report.rejects] == [("BAD_TIME", 5, True)]
    known = [SECOND * 1000] * 3 + [None, SECOND * 1000]
    assert [row[0] for row in shelf.rows("SELECT created_ts FROM posts ORDER BY post_id")] == known
    assert not {"CST", "IST", "BST"} & set(ZONES)


def test_instagram_is_known_by_handle_and_shortcode(shelf: Shelf) -> None:
    row = {"Account": "A", "User Name": "kol_a", "Followers at Posting": "9", "Post Created": "2024-01-01 14:04:05 EST"}
    row |= {"Type": "Photo", "Likes": "5", "Comments": "1", "Views": "0", "Photo": "p", "Title": ""}
    shelf.load(table(row | {"URL": "https://www.instagram.com/p/AbC-1_/", "Description": "with @brand_z"}))
    assert cells(
        shelf, "SELECT account_id, followers, post_id, likes FROM accounts JOIN posts ON author = account_key"
    ) == (
        "instagram:@kol_a",
        9,
        "instagram:shortcode:AbC-1_",
        5,
    )
    assert found(shelf)["mentions"] == {("instagram:@kol_a", "name:brand_z", "shortcode:AbC-1_")}


@pytest.mark.parametrize(
    "text", [answer("videos", VIDEO, VIDEO | {"id": 8}), items(*({"id": i, "snippet": {"title": "x"}} for i in (A, B)))]
)
def test_an_answer_cut_anywhere_is_no_crash_and_every_row_is_counted(shelf: Shelf, text: str) -> None:
    for cut in range(len(text) // 2, len(text), 40):
        shelf.empty()
        counts = shelf.load(text[:cut], "f.json").counts
        assert counts.read == counts.accepted + counts.merged + counts.rejected
        assert counts.rejected >= 1
