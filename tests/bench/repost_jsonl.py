"""Writes the JSON lines of the loading benchmark: invented reposts as a widely used Weibo crawler writes them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

WORDS = ["转发微博", "太好看了", "已经下单", "支持一下!", '"种草",必买', "第一行\n第二行", "哈哈哈哈", "求链接", ""]
PLACES = ["北京", "上海", "广东", "浙江", "四川", "江苏", "海外"]

#: About 590 bytes a line; the words in angle brackets differ from line to line.
LINE = json.dumps(
    {
        "_id": "<id>",
        "mblogid": "PaaaaaaB2",
        "created_at": "2026-01-<day> <hour>:04:05",
        "geo": None,
        "ip_location": "发布于 <place>",
        "reposts_count": 0,
        "comments_count": 0,
        "attitudes_count": 0,
        "source": "iPhone客户端",
        "content": "<text>",
        "pic_urls": [],
        "pic_num": 0,
        "isLongText": False,
        "user": {
            "_id": "<user>",
            "avatar_hd": "https://example.invalid/crop.0.0.512.512.1024/<user>jw8f.jpg?KID=imgbed,tva&Expires=17041",
            "nick_name": "样例<user>",
            "verified": False,
            "mbrank": 0,
            "mbtype": 0,
        },
        "url": "https://weibo.com/<user>/PaaaaaaB2",
        "crawl_time": 1_769_904_000,
        "is_retweet": True,
        "retweet_id": "<root>",
    },
    ensure_ascii=False,
)


def write(path: Path, rows: int, *, accounts: int = 625_000, seed: int = 7) -> Path:
    """Write `rows` reposts, each on its line."""
    rng = np.random.default_rng(seed)
    uids = rng.choice(9_000_000_000, accounts, replace=False) + 1_000_000_000
    texts = [json.dumps(text, ensure_ascii=False)[1:-1] for text in WORDS]
    form = LINE.replace("{", "{{").replace("}", "}}").replace("<", "{").replace(">", "}") + "\n"
    with path.open("w", encoding="utf-8", newline="\n") as out:
        for start in range(0, rows, 100_000):
            size = min(rows - start, 100_000)
            user = uids[rng.integers(0, accounts, size)].tolist()
            root = (4_900_000_000_000_000 + rng.zipf(1.6, size) % 250_007).tolist()
            day, hour = (rng.integers(low, high, size).tolist() for low, high in ((10, 31), (10, 24)))
            text, place = (rng.integers(0, len(names), size).tolist() for names in (texts, PLACES))
            out.writelines(
                form.format(
                    id=4_910_000_000_000_000 + start + i,
                    user=user[i],
                    root=root[i],
                    day=day[i],
                    hour=hour[i],
                    text=texts[text[i]],
                    place=PLACES[place[i]],
                )
                for i in range(size)
            )
    return path
