"""Files that are known by their names, by what lies beside them, or by more than flat rows can say; values invented."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Named(NamedTuple):
    """A file, and the files it needs beside it."""

    name: str
    text: str
    beside: Mapping[str, str] = {}
    options: Mapping[str, Any] = {}


def _js(part: str, *values: Any) -> str:
    return f"window.YTD.{part}.part0 = {json.dumps(values)}"


DAY = "2012-11-07-00:02:22"
IDS = {"uidlist.txt": "1000\n1001\n1002\n\n1004\n", "repost_idlist.txt": "70\n71\n72\n"}
ROOTS = (
    "cascade,rumor,root_user,root_time,reposts,comments,likes,followers,friends,messages,verified,n_rows\n"
    "1,0,10,1262304000,2,0,0,9,9,9,0,2\n"
)
REPOSTS = "cascade,row,parent_row,user,dt,text_len,text_hash,n_at\n1,1,0,11,5,2,aa,0\n1,2,1,12,9,2,ab,1\n"
OWNER = {"account.js": _js("account", {"account": {"accountId": "9", "username": "me"}})}
PERSON = ["1000", "10", "5", "True", "1000", "上海", "31", "200", "甲", "m", "2010-05-31-23:07:59", "0", "900", "简介"]
POKEC = ["1", "1", "14", "1", 'a "k, b', "2012-05-25 11:20:00.0", "2005-04-03 00:00:00.0", "26"]
USER = {"id": "11", "username": "ann", "name": "安", "public_metrics": {"followers_count": 3, "tweet_count": 2}}
TWEET = {
    "id": "1900000000000000001",
    "author_id": "11",
    "created_at": "2024-01-02T03:04:05.000Z",
    "text": "RT @bob: 好看 #样例",
    "referenced_tweets": [{"type": "retweeted", "id": "1899999999999999999"}],
    "entities": {"mentions": [{"username": "bob", "id": "12"}], "hashtags": [{"tag": "样例"}]},
    "public_metrics": {"retweet_count": 9, "like_count": 0},
}
PAGE = {"data": [TWEET], "includes": {"users": [USER], "tweets": [TWEET | {"id": "1899999999999999999"}]}}
OLD = {
    "id_str": "5",
    "created_at": "Wed Oct 10 20:19:24 +0000 2018",
    "full_text": "@bob 好",
    "user": {"id_str": "11", "screen_name": "ann", "followers_count": 3},
    "in_reply_to_status_id_str": "4",
    "in_reply_to_user_id_str": "12",
    "entities": {"user_mentions": [{"id_str": "12", "screen_name": "bob"}], "hashtags": [{"text": "样例"}]},
}
VIDEO = {"id": 7, "username": "ann", "create_time": 1704135845, "video_description": "hi", "video_mention_list": ["b"]}

#: By target.
NAMED: Mapping[str, Sequence[Named]] = {
    "aminer": (
        Named("repost_data.txt", "0 2\n1352244462 1\n1352249027 2\n1\t0\n2\t1\n1352244462\t4\n", IDS),
        Named("repost_data.txt", "0 1\n1352244462 1\n", {"uidlist.txt": "\0\1\2", "repost_idlist.txt": '"\n\ud83d'}),
        Named("total.txt", f"70 {DAY} 0 2\n1 {DAY} 2 {DAY}\n71 {DAY} 3 0\n\n", IDS),
        Named("graph_170w_1month.txt", "0 1 0\n0 2 1348470000\n", IDS, {"direction": "forward"}),
        Named("weibo_network.txt", "5 4\n0\t2\t1\t1\t2\t0\n2 0\n4 1 0 1\n", IDS, {"direction": "backward"}),
        Named("retweetWithContent/r.txt", f"70\t1000\t{DAY}\t9\n2\n1001\t{DAY}\t81\n好 //@甲:乙\n1002\t{DAY}\t82\n\n"),
        Named("user_profile1.txt", "# id\n# bi\n" + "\n".join([*PERSON, "", *PERSON])),
    ),
    "snap": (
        Named("higgs-activity_time.txt", "3 2 1341100972 RT\n1 2 1341101181 MT\n2 3 1341101183 RE\n"),
        Named("higgs-social_network.edgelist", "1 2\n2 3\n"),
        Named("higgs-retweet_network.edgelist", "1 2 5\n"),
        Named("twitter/11.edges", "10 12\n12 10\n"),
        Named("soc-pokec-relationships.txt", "1\t13\n1\t11\n"),
        Named("soc-pokec-profiles.txt", "\t".join([*POKEC, *["x"] * 51]) + "\t\n3\t1\n"),
    ),
    "datasets": (
        Named("edge.csv", "source_id,relation,target_id\nu11,following,u10\nu10,post,t1\nu11,retweeted,t1\n"),
        Named("label.csv", "id,label\nu11,bot\nu10,human\n"),
        Named("user.json", json.dumps([USER | {"id": "u11"}])),
        Named("tweet_0.json", json.dumps([TWEET | {"id": "t1"}])),
    ),
    "x": (
        Named("pages.jsonl", f"{json.dumps(PAGE)}\n{json.dumps(PAGE)}\n"),
        Named("flat.jsonl", json.dumps(TWEET | {"author": USER}) + "\n"),
        Named("v1.jsonl", f"{json.dumps(OLD)}\n{json.dumps(OLD | {'retweeted_status': OLD | {'id_str': '4'}})}\n"),
    ),
    "x_files": (
        Named("following.js", _js("following", {"following": {"accountId": "10"}}), OWNER),
        Named("follower.js", _js("follower", {"follower": {"accountId": "12"}}), OWNER),
        Named("tweets.js", _js("tweets", {"tweet": OLD}, {"tweet": OLD | {"full_text": "RT @bob: hi"}}), OWNER),
        Named("account.js", OWNER["account.js"]),
        Named("spoilt/following.js", _js("following", {"following": {"accountId": "10"}}), {"account.js": "["}),
    ),
    "platforms": (
        Named("query_videos.json", json.dumps({"data": {"videos": [VIDEO]}, "error": {"code": "ok"}})),
        Named("f_ann.json", json.dumps({"data": {"user_followers": [{"username": "b"}]}}), {}, {"subject": "ann"}),
    ),
    "cascades": (
        Named("reposts.csv", REPOSTS, {"cascades.csv": ROOTS}),
        Named("reposts.csv", REPOSTS),
        Named("reposts.csv", REPOSTS, {"cascades.csv": ROOTS + '2,"\n3\n'}),
        Named("reposts.csv", REPOSTS, {"cascades.csv": ROOTS + "2,0,x,9e99,2,0,0,9,9,9,0,2\n1,,,,,,,,,,,\n"}),
        Named("reposts.csv", REPOSTS, {"a_cascades.csv": "\0", "cascades.csv": ROOTS + "\ud83d"}),
        Named("cascades.csv", ROOTS),
        Named("tree.csv", "row,parent_row,depth,time,user,client,text\n0,-1,0,2024-01-02,a,x,hi\n1,0,1,,b,x,\n"),
    ),
}
