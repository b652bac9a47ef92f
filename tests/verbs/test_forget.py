"""Privacy: nothing readable enters a pseudonymous workspace, and who was forgotten is in no byte of the folder."""

from __future__ import annotations

import hmac
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest

from kolgraph import settings
from kolgraph.errors import EnvironmentProblem, InputError, UnknownAccount
from kolgraph.graph import Graph
from kolgraph.loaders import read
from kolgraph.loaders.reading.source import Options, Reject, Source
from kolgraph.records import RECORDS
from kolgraph.verbs.forget import forget
from kolgraph.verbs.publish import publish
from kolgraph.workspace import Workspace
from kolgraph.workspace.ids import hmac_macro
from kolgraph.workspace.ingest import Counts, ingest
from kolgraph.workspace.names import resolve
from kolgraph.workspace.pseudonyms import check, for_ledger, seal
from kolgraph.workspace.tables import CANONICAL
from kolgraph.workspace.tombstones import FILE, SOMEBODY
from tests.worlds.canaries import BIO, NAME, OTHER, OTHER_NAME, POST, TEXT, UID, found, mapped
from tests.worlds.shelf import CONTENT

KEY = b"sixteen bytes or more"


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KOLGRAPH_KEY", "KOLGRAPH_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "w.kol", create=True) as opened:
        yield opened


#: A small world about UID and OTHER: name of the file -> content, and what the rows are.
WORLD: dict[str, tuple[str, dict[str, Any]]] = {
    f"{UID}.csv": (
        f"account,name,bio,followers,observed\n{UID},{NAME},{BIO},9,2025-01-01\n{OTHER},{OTHER_NAME},hi,5,2025-01-01\n"
        f"300,路人,sees @{NAME} daily,1,2025-01-01\n{UID}.5,{NAME},{BIO},x,\n",
        mapped("account", "account", "name", "bio", "followers", "observed"),
    ),
    "follows.csv": (f"src,dst\n{OTHER},{UID}\n{UID},300\n{OTHER},300\n", mapped("follow", "src", "dst")),
    "posts.csv": (
        f"post,author,time,text,urls\n{POST},{UID},2025-01-02,{TEXT} @{OTHER_NAME},http://t.cn/{TEXT}\n"
        f"77,{OTHER},2025-01-02,hi @{NAME} see /{UID}/,https://weibo.com/{UID}/Abc\n78,300,2025-01-02,good day,\n",
        mapped("post", "post", "author", "time", "text", "urls"),
    ),
    "reposts.csv": (
        f"src,post,root,dst,text,author_name\n{UID},4900100200300401,78,300,{TEXT} mine,\n{OTHER},90,{POST},,wow,\n"
        f"{OTHER},91,78,300,well//@{NAME}:{TEXT}//@路人:ok,\n300,92,,,hm,{NAME}\n300,93,77,{OTHER},fine,\n",
        mapped("repost", "src", "post", "root", "dst", "text", "author_name"),
    ),
    "comments.csv": (
        f"src,comment,post,parent,text\n{UID},4900100200300402,78,,{TEXT}\n{OTHER},c2,{POST},,ah\n"
        f"{OTHER},c3,78,4900100200300402,re\n300,c4,78,,回复@{NAME}:ja\n",
        mapped("comment", "src", "comment", "post", "parent", "text"),
    ),
    "mentions.csv": (
        f"src,dst,dst_name,post\n{OTHER},{UID},,m1\n300,,{NAME},m2\n300,,{OTHER_NAME},m3\n",
        mapped("mention", "src", "dst", "dst_name", "post"),
    ),
    "people.csv": (
        f"person,account,name,note\ncanary-person,{UID},{NAME},{BIO}\np2,{OTHER},x,knows @{NAME}\n",
        mapped("identity", "person", "account", "name", "note"),
    ),
}


def put(folder: Path, ws: Workspace, again: str = "", key: bytes | None = None) -> list[Any]:
    """Load the small world; `again` is added to the bytes, so that the files are not known."""
    reports = []
    for name, (data, options) in WORLD.items():
        path = folder / (f"again-{name[-9:]}" if again else name)
        path.write_text(data + again)
        reports.append(ws.load(path, **options) if key is None else load(ws, path, key, **options))
        path.unlink()
    return reports


def load(ws: Workspace, path: Path, key: bytes, **options: Any) -> tuple[Counts, list[Reject]]:
    """Load under pseudonyms."""
    options = {k: v for k, v in options.items() if k != "max_reject_rate"}
    counts, rejects = Counts(), list[Reject]()
    with closing(Source(path)) as source, ws.transaction() as connection:
        check(connection, key)
        given = Options(**options)
        for reading in read(source, given)[1]:
            part, bad = ingest(connection, reading, platform=given.platform or "local", batch=1, key=key)
            counts, rejects = counts + part, rejects + bad
        resolve(connection)
        ledger = [for_ledger(connection, text, key) for text in (str(path), source.content_hash, repr(given))]
        connection.execute(
            "INSERT INTO batches (batch, file, content_hash, options) VALUES (1, ?, ?, ?)", ledger
        ).fetchall()
        connection.executemany(
            "INSERT INTO rejects VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?)",
            [[ledger[0], *reject] for reject in [*rejects, Reject(None, None, None, "PROBE", "", None)]],
        )
    return counts, rejects


def content(ws: Workspace) -> dict[str, list[tuple[Any, ...]]]:
    return {t: sorted((tuple(r.values()) for r in ws.arrow(q).to_pylist()), key=repr) for t, q in CONTENT.items()}


# ---------------------------------------------------------------------- the key


@pytest.mark.parametrize("key", [b"k" * 16, b"k" * 64, b"k" * 65, bytes(range(256))])
def test_the_engine_computes_the_same_hmac_as_python(key: bytes) -> None:
    connection = duckdb.connect()
    connection.execute(f"CREATE TEMP MACRO {hmac_macro('h', key)}")
    for text in ("", "weibo:1", NAME, "x" * 1000, "a\0b"):
        [(mine,)] = connection.execute("SELECT h(?)", [text]).fetchall()
        assert mine == hmac.new(key, text.encode(), "sha256").hexdigest()[:32] == seal(text, key)
    connection.close()


def test_the_key_is_text_or_digits_or_a_private_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings.secret_key() is None
    file = tmp_path / "k"
    file.write_bytes(b"00ff" * 8 + b"\n")
    file.chmod(0o400)
    monkeypatch.setenv("KOLGRAPH_KEY_FILE", str(file))
    assert settings.secret_key() == bytes.fromhex("00ff" * 8)
    monkeypatch.setenv("KOLGRAPH_KEY", "钥匙钥匙钥匙")
    assert settings.secret_key() == "钥匙钥匙钥匙".encode()


def test_a_bad_key_is_one_line_that_does_not_show_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for short in ("", "hunter2secret", "0123456789abcdef"):  # the last are 8 bytes
        monkeypatch.setenv("KOLGRAPH_KEY", short)
        with pytest.raises(EnvironmentProblem) as error:
            settings.secret_key()
        assert "\n" not in str(error.value)
        assert not short or short not in str(error.value)
    monkeypatch.delenv("KOLGRAPH_KEY")
    file = tmp_path / "k"
    file.write_text("hunter2secret hunter2secret")
    monkeypatch.setenv("KOLGRAPH_KEY_FILE", str(file))
    file.chmod(0o640)
    with pytest.raises(EnvironmentProblem, match="chmod 600") as error:
        settings.secret_key()
    assert "hunter2secret" not in str(error.value)
    monkeypatch.setenv("KOLGRAPH_KEY_FILE", str(tmp_path / "none"))
    with pytest.raises(EnvironmentProblem, match="cannot be read"):
        settings.secret_key()


# ---------------------------------------------------------------------- pseudonyms


CANARIES: tuple[str, ...] = (UID, OTHER, NAME, OTHER_NAME, "路人", BIO, POST, "4900100200300401", "4900100200300402")
CANARIES += (TEXT, "canary-person", "t.cn", "weibo.com", "knows", "wow", "good day")


def test_nothing_readable_is_in_any_byte_of_a_pseudonymous_workspace(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        told = put(tmp_path, ws, key=KEY)
        assert [(r.line, r.column, r.code) for r in told[0][1]] == [(5, "account", "ID_FLOAT")]
        assert not any(canary in repr(told) for canary in CANARIES)
        assert ws.sql("SELECT count(*) AS n FROM reposts")["n"].item() == 5
        assert ws.sql("SELECT count(*) AS n FROM comments WHERE dst IS NOT NULL")["n"].item() == 4
        ws.rank(by="pagerank")
        assert found(ws.path, *CANARIES) == []  # with the log of the last transactions
    assert found(tmp_path / "w.kol", *CANARIES) == []
    plain = Workspace.open(tmp_path / "plain.kol", create=True)  # this test can fail
    put(tmp_path, plain)
    plain.close()
    assert {hit.split(" in ")[0] for hit in found(plain.path, *CANARIES)} == set(CANARIES)


def test_the_graph_under_pseudonyms_is_the_graph(tmp_path: Path) -> None:
    shapes = []
    for name, key in (("a.kol", None), ("b.kol", KEY)):
        with Workspace.open(tmp_path / name, create=True) as ws:
            put(tmp_path, ws, key=key)
            tables = ("follows", "reposts", "comments", "namings", "posts", "identities", "account_names")
            size = [ws.sql(f"SELECT count(*) AS n FROM {t}")["n"].item() for t in tables]
            graph = Graph.from_workspace(ws, relations=["follow", "repost", "mention"])
            shapes.append((size, sorted(zip(graph.incoming.degree, graph.outgoing.degree, strict=True))))
    assert shapes[0] == shapes[1]


def test_pseudonyms_are_the_hmac_of_platform_and_id(tmp_path: Path, ws: Workspace) -> None:
    put(tmp_path, ws, key=KEY)
    expected = {f"weibo:p_{seal(f'weibo:{uid}', KEY)}" for uid in (UID, OTHER, "300")}
    assert set(ws.sql("SELECT account_id FROM accounts")["account_id"]) == expected


@pytest.mark.parametrize("platform", ["weibo", "twitter"])
def test_a_mention_by_name_means_the_account_under_pseudonyms_too(tmp_path: Path, ws: Workspace, platform: str) -> None:
    file = tmp_path / "f.csv"
    file.write_text("account,name\nann,Ann\n" if platform == "twitter" else f"account,name\n{UID},Ann\n")
    load(
        ws,
        file,
        KEY,
        record="account",
        mapping={"account": "account"} | ({} if platform == "twitter" else {"name": "name"}),
        platform=platform,
    )
    file.write_text("post,author,text\np,9,hello @ann!\n")
    load(ws, file, KEY, record="post", mapping={f: f for f in ("post", "author", "text")}, platform=platform)
    who = ws.sql("SELECT account_id FROM mentions JOIN accounts ON account_key = dst")["account_id"]
    native = "ann" if platform == "twitter" else UID
    assert list(who) == [f"{platform}:p_{seal(f'{platform}:{native}', KEY)}"]


def test_a_workspace_is_pseudonymous_or_readable_and_has_one_key(tmp_path: Path) -> None:
    file = tmp_path / "f.csv"
    file.write_text("src,dst\n1,2\n")
    options: dict[str, Any] = {"record": "follow", "mapping": {"src": "src", "dst": "dst"}}
    with Workspace.open(tmp_path / "a.kol", create=True) as ws:
        load(ws, file, KEY, **options)
        for key, words in ((None, "is pseudonymous"), (b"another key of 16", "another key")):
            with pytest.raises(InputError, match=words) as error, ws.transaction() as connection:
                check(connection, key)
            assert "\n" not in str(error.value)
        assert load(ws, file, KEY, **options)[0] == Counts(1, 0, 1, 0)
    with Workspace.open(tmp_path / "b.kol", create=True) as ws:
        ws.load(file, **options)
        with pytest.raises(InputError, match="readable"), ws.transaction() as connection:
            check(connection, KEY)


def test_what_is_spilled_under_a_key_is_encrypted(ws: Workspace) -> None:
    spilled = []
    for key in (None, KEY):
        with ws.transaction() as connection:
            check(connection, key)
            connection.execute("SET memory_limit = '60MB'")
            connection.execute("SET threads = 1")
            words = "SELECT md5(i::VARCHAR) || 'canary-spill' || i AS x FROM range(1_200_000) t(i)"
            connection.execute(f"CREATE TEMP TABLE big AS {words}").fetchall()
            assert list((ws.path / "spill").iterdir())
            spilled.append(bool(found(ws.path / "spill", "canary-spill")))
            connection.execute("DROP TABLE big")
    assert spilled == [True, False]


# ---------------------------------------------------------------------- forgetting

GONE = (UID, NAME, BIO, POST, "4900100200300401", "4900100200300402", TEXT, "canary-person")


def test_who_is_forgotten_is_in_no_byte_of_the_folder(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        put(tmp_path, ws)
        ws.rank(by="pagerank")
        publish(ws)
        (ws.path / "spill").mkdir(exist_ok=True)
        (ws.path / "spill" / "left").write_text(UID)
        (ws.path / "workspace.duckdb.1.new").write_text(UID)
        assert set(GONE) <= {hit.split(" in ")[0] for hit in found(ws.path, *GONE)}
        done = forget(ws, [f"weibo:{UID}"])
        # Of OTHER: the edge to 300 stays, the other goes. Of 93 nothing says UID; 91 came through it.
        assert done.rows["follows"] == 2
        assert done.rows["posts"] == 1
        assert done.rows["reposts"] == 3  # its own, that of its post, that of its name
        assert done.rows["comments"] == 3  # its own, that on its post, the answer to it
        assert done.rows["identities"] == 1
        assert done.rows["accounts"] == 1
        assert done.rows["scores"] == 3
        assert "follows" in str(done)
        assert found(ws.path, *GONE) == []
        assert ws.sql("SELECT account_id FROM accounts ORDER BY account_key")["account_id"].tolist() == [
            "weibo:300",
            "forgotten:1",
            f"weibo:{OTHER}",
        ]
        assert Graph.from_workspace(ws).n == 3
        assert ws.runs().empty
    assert found(tmp_path / "w.kol", *GONE) == []


def test_others_keep_what_is_theirs(tmp_path: Path, ws: Workspace) -> None:
    put(tmp_path, ws)
    forget(ws, [f"weibo:{UID}"])
    rows = {t: content(ws)[t] for t in CONTENT}
    assert [r[0] for r in rows["posts"]] == ["weibo:300", f"weibo:{OTHER}"]
    texts = set(
        ws.sql("SELECT text FROM posts UNION ALL SELECT text FROM reposts UNION ALL SELECT text FROM comments")["text"]
    )
    assert {"good day", f"hi @{SOMEBODY} see /{SOMEBODY}/", f"回复@{SOMEBODY}:ja", "fine"} <= texts
    assert ws.sql("SELECT chain FROM reposts WHERE post_id = 'weibo:91'")["chain"].item().tolist() == [SOMEBODY, "路人"]
    assert ws.sql("SELECT count(*) AS n FROM mentions")["n"].item() == 1


def test_who_is_forgotten_does_not_come_back(tmp_path: Path, ws: Workspace) -> None:
    put(tmp_path, ws)
    forget(ws, [f"weibo:{UID}"])
    once = content(ws)
    assert all(report.known for report in put(tmp_path, ws))
    reports = put(tmp_path, ws, again="\n")
    assert content(ws) == once
    assert found(ws.path, *GONE) == []
    by_name = dict(zip(WORLD, reports, strict=True))
    assert by_name["follows.csv"].counts == Counts(3, 0, 1, 2)
    for report in reports:
        assert report.counts.accepted == 0
        lost = [reject for reject in report.rejects if reject.code == "FORGOTTEN"]
        assert lost
        assert not any((reject.value, reject.raw) != (None, None) for reject in lost)
        assert not any(canary in repr(report.rejects) for canary in GONE)
        assert report.counts.rejected == len(report.rejects)
    assert [r.line for r in by_name["follows.csv"].rejects] == [2, 3]


def test_forgetting_twice_is_forgetting_once(tmp_path: Path, ws: Workspace) -> None:
    put(tmp_path, ws)
    assert forget(ws, [f"weibo:{UID}"]).tombstones > 0
    once = content(ws)
    again = forget(ws, [f"weibo:{UID}", f"weibo:{UID}"])
    assert (again.rows, again.tombstones) == ({}, 0)
    assert content(ws) == once
    assert forget(ws, [f"weibo:{OTHER}"]).rows["accounts"] == 1
    assert found(ws.path, *GONE, OTHER, OTHER_NAME) == []


def test_the_ledger_does_not_bring_the_forgotten_back(tmp_path: Path, ws: Workspace) -> None:
    put(tmp_path, ws)
    texts = (f"crawl/{NAME}/{UID}_fans.csv", f'["{UID}"]', f"{NAME}的粉丝.csv")
    with ws.transaction() as connection:
        assert [for_ledger(connection, text, None) for text in texts] == list(texts)
    forget(ws, [f"weibo:{UID}"])
    (tmp_path / "f.csv").write_text("follower,followed\n1,2\n")
    ws.load(tmp_path / "f.csv", platform="weibo")
    with ws.transaction() as connection:
        hidden = [for_ledger(connection, text, None) for text in (*texts, f"9{UID}.csv")]
    assert hidden == [
        f"crawl/{SOMEBODY}/{SOMEBODY}_fans.csv",
        f'["{SOMEBODY}"]',
        f"{SOMEBODY}的粉丝.csv",
        f"9{UID}.csv",
    ]


def test_an_unknown_account_changes_nothing(tmp_path: Path, ws: Workspace) -> None:
    put(tmp_path, ws)
    once = content(ws)
    with pytest.raises(UnknownAccount, match="weibo:1"):
        forget(ws, [f"weibo:{UID}", "weibo:1"])
    assert content(ws) == once
    assert ws.sql("FROM forgotten").empty


def test_a_name_that_somebody_else_bears_stays_his(tmp_path: Path, ws: Workspace) -> None:
    file = tmp_path / "f.csv"
    file.write_text("account,name\n1000001,同名\n1000002,同名\n")
    ws.load(file, platform="weibo")
    file.write_text("post,author,text\np,9,hi @同名\n")
    ws.load(file, platform="weibo")
    forget(ws, ["weibo:1000001"])
    assert ws.sql("SELECT text FROM posts")["text"].item() == "hi @同名"
    assert (
        ws.sql("SELECT account_id FROM mentions JOIN accounts ON account_key = dst")["account_id"].item()
        == "weibo:1000002"
    )


def test_the_forgotten_of_a_pseudonymous_workspace(
    tmp_path: Path, ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, ws, key=KEY)
    with pytest.raises(InputError, match="pseudonymous"):
        forget(ws, [f"weibo:{UID}"])
    monkeypatch.setenv("KOLGRAPH_KEY", KEY.decode())
    pseudonym = seal(f"weibo:{UID}", KEY)
    assert found(ws.path, pseudonym)
    forget(ws, [f"weibo:{UID}"])
    assert not (ws.path / FILE).exists()
    once = content(ws)
    put(tmp_path, ws, again="\n", key=KEY)
    assert content(ws) == once
    assert found(ws.path, pseudonym, seal(NAME, KEY), seal(f"weibo:{POST}", KEY), *CANARIES) == []
    assert forget(ws, [f"weibo:p_{pseudonym}"]).rows == {}


def test_tombstones_need_their_key(tmp_path: Path, ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "f.csv"
    file.write_text("follower,followed\n1,2\n")
    ws.load(file)
    monkeypatch.setenv("KOLGRAPH_KEY", KEY.decode())
    forget(ws, ["local:1"])
    file.write_text("follower,followed\n3,2\n")
    for key, words in ((None, "set KOLGRAPH_KEY"), ("another key of 16 bytes", "another key")):
        monkeypatch.delenv("KOLGRAPH_KEY")
        if key:
            monkeypatch.setenv("KOLGRAPH_KEY", key)
        with pytest.raises(EnvironmentProblem, match=words):
            ws.load(file)
        monkeypatch.setenv("KOLGRAPH_KEY", KEY.decode())
    assert ws.load(file).counts.accepted == 1


def test_files_of_a_workspace_are_private_after_forgetting(tmp_path: Path, ws: Workspace) -> None:
    put(tmp_path, ws)
    forget(ws, [f"weibo:{UID}"])
    modes = {path.name: path.stat().st_mode & 0o777 for path in ws.path.iterdir() if path.is_file()}
    assert modes["workspace.duckdb"] == modes[FILE] == 0o600
    assert set(modes) <= {"workspace.duckdb", "workspace.duckdb.wal", FILE}


def test_a_crash_while_forgetting_leaves_a_whole_workspace(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        put(tmp_path, ws)
    crash = (
        "import os, sys\nfrom kolgraph.workspace import Workspace, folder\n"
        "step = int(sys.argv[3])\n"
        "def die(*_):\n    global step\n    step -= 1\n    step < 0 and os._exit(9)\n"
        "folder.to_disk = die\nws = Workspace.open(sys.argv[1])\nws.forget([sys.argv[2]])\n"
    )
    for step in (0, 1):  # before the swap, and after it
        done = subprocess.run(
            [sys.executable, "-c", crash, str(tmp_path / "w.kol"), f"weibo:{UID}", str(step)], check=False, timeout=300
        )
        assert done.returncode == 9
        with Workspace.open(tmp_path / "w.kol") as ws:
            assert ws.sql("SELECT count(*) AS n FROM follows")["n"].item() == 1
    with Workspace.open(tmp_path / "w.kol") as ws:
        forget(ws, [f"weibo:{UID}"])
        assert found(ws.path, *GONE) == []


# ---------------------------------------------------------------------- what is never kept

PRIVATE = ("canary-avatar", "canary-phone", "canary-mail", "canary-place", "canary-device")


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_columns_that_are_not_declared_are_never_stored(tmp_path: Path, form: str) -> None:
    names = ("avatar", "phone", "email", "geo", "device")
    if form == "csv":
        file = tmp_path / "f.csv"
        file.write_text(f"account,name,{','.join(names)}\n1,n,{','.join(PRIVATE)}\n")
    else:
        file = tmp_path / "fan_1.jsonl"
        extra = dict(zip(names, PRIVATE, strict=True))
        fan = {"_id": "1000001", "nick_name": "n", "followers_count": 3} | extra
        file.write_text(
            json.dumps({"_id": "a", "fan_info": fan, "follower_id": "1000002", "crawl_time": 1767196800} | extra)
        )
    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        assert ws.load(file).counts.accepted == 1
        assert ws.sql("SELECT max(name) AS n FROM accounts")["n"].item() == "n"
    assert found(tmp_path / "w.kol", *PRIVATE) == []


def test_no_table_and_no_record_has_a_place_for_them() -> None:
    declared = {c for t in CANONICAL.values() for c in t.columns} | {f for r in RECORDS.values() for f in r}
    assert not declared & {
        "avatar",
        "phone",
        "mobile",
        "email",
        "mail",
        "geo",
        "latitude",
        "longitude",
        "device",
        "birthday",
    }
