"""Whatever a query says, no other file is read or written, and no engine takes this process with it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from kolgraph.errors import InputError, KolgraphError, LimitError
from kolgraph.settings import QUERY_MEMORY
from kolgraph.store import open_store
from kolgraph.store.engines import reading
from tests.worlds.attacks import BREAKING, texts
from tests.worlds.stores import follows, rows
from tests.worlds.witnesses import SECRET, Watch, targets, traced, traced_calls

COUNT = "MATCH (a:Account) RETURN count(*) AS n"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the lock and its witnesses are Linux")


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("g") / "graph.lbug"
    with open_store(path) as made:
        made.replace(follows("abc", [("a", "b")]))
    yield path
    reading.end_idle()


@pytest.fixture
def store(file):
    with open_store(file, timeout_s=5) as opened:
        yield opened


@pytest.fixture
def unlocked(monkeypatch):
    """What the process could do if it did not lock itself."""
    reading.end_idle()
    monkeypatch.setattr(reading, "LOCKED", False)
    yield
    reading.end_idle()


@pytest.fixture
def own(file, tmp_path) -> Path:
    """A file of its own: an engine that may write leaves its marks beside it."""
    (tmp_path / "own").mkdir()
    return Path(shutil.copy(file, tmp_path / "own"))


#: Enough to see that the texts do what they say; some of the others wait for addresses that nobody has.
LIVE = re.compile(r"LOAD FROM .*secret\.(csv|json|parquet)|COPY \(RETURN")


def attack(store, folder: Path, which: re.Pattern[str] = re.compile("")) -> str:
    """Everything that was answered to all texts, past our own guard."""
    told = []
    for text in filter(which.search, texts(folder)):
        try:
            told += store._ask(text).to_pylist()
        except KolgraphError as error:
            assert "\n" not in str(error)
    return str(told)


def test_there_are_two_hundred_attacks(tmp_path):
    assert len(set(texts(tmp_path))) >= 200


def test_no_text_reads_or_writes_another_file(store, tmp_path):
    folder = targets(tmp_path / "t")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    watch = Watch(folder)
    told = attack(store, folder)
    assert watch.seen() == set()  # as the kernel saw it
    watch.close()
    assert SECRET not in told
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert rows(store, COUNT) == [(3,)]


def test_without_the_lock_the_same_texts_do_and_the_watch_sees_it(unlocked, own, tmp_path):
    folder = targets(tmp_path / "t")
    watch = Watch(folder)
    with open_store(own, timeout_s=5) as store:
        told = attack(store, folder, LIVE)
    assert SECRET in told
    seen = watch.seen()
    assert "secret.csv" in seen
    assert any(name.startswith("stolen") for name in seen)
    watch.close()


def test_the_guard_takes_none_of_them_either(store, tmp_path):
    folder = targets(tmp_path / "t")
    refused = 0
    for text in texts(folder):
        try:
            assert SECRET not in str(store.query(text).to_pylist())  # a text in a string, and no more
        except InputError:
            refused += 1
    assert refused >= 200


#: What names a file, an address or another process, and what is written.
CALLS = "%file,%network,open_by_handle_at,execve,fork,vfork,clone,clone3,kill,tgkill,ptrace,write,pwrite64"


def opened(log: Path) -> list[str]:
    """Calls that succeeded, but for threads and for what is written into the pipe of answers."""
    found = []
    for call in traced_calls(log):
        fine = "= -1 " in call or call.startswith(("write(3,", "+++", "---")) or "CLONE_THREAD" in call
        if not fine:
            found.append(call)
    return found


def pid(store) -> int:
    store._connect()._ready()
    return store._connect()._process.pid


def test_the_system_calls_of_the_process_show_that_nothing_was_opened(store, tmp_path):
    log = tmp_path / "log"
    with traced(pid(store), log, CALLS):
        attack(store, targets(tmp_path / "t"))
        assert rows(store, COUNT) == [(3,)]
    store._connect().close()
    assert opened(log) == []
    assert re.search(r"secret\.csv.*= -1 EPERM", log.read_text())  # it was tried


def test_the_trace_shows_what_is_opened_without_the_lock(unlocked, own, tmp_path):
    log = tmp_path / "log"
    with open_store(own, timeout_s=5) as store, traced(pid(store), log, CALLS):
        attack(store, targets(tmp_path / "t"), LIVE)
    assert any("secret.csv" in call and "openat" in call for call in opened(log))


@pytest.fixture
def elsewhere(own, tmp_path, monkeypatch):
    """A system without a filter of calls."""
    program = tmp_path / "locked.py"
    program.write_text(reading._PROGRAM.read_text().replace('if sys.platform == "linux"', 'if sys.platform == "moon"'))
    monkeypatch.setattr(reading, "_PROGRAM", program)
    reading.end_idle()
    with open_store(own, timeout_s=5) as store:
        yield store
    reading.end_idle()


def test_the_limits_alone_keep_files_closed_too_and_it_is_said(elsewhere, tmp_path, caplog):
    """Where there is no filter of calls, nothing can be opened beyond what is open."""
    folder = targets(tmp_path / "t")
    watch = Watch(folder)
    told = attack(elsewhere, folder, LIVE)
    assert rows(elsewhere, COUNT) == [(3,)]
    assert SECRET not in told
    assert watch.seen() <= {""}  # the folder was listed, no file was opened
    watch.close()
    assert [line for line in caplog.messages if "cannot lock the process" in line]


# ---------------------------------------------------------------------- what breaks an engine


@pytest.mark.parametrize("text", BREAKING, ids=range(len(BREAKING)))
def test_what_breaks_the_engine_is_one_line_and_the_next_question_is_answered(store, text):
    store._timeout_s = 2
    begin = time.monotonic()
    try:
        store._ask(text)
    except KolgraphError as error:
        assert isinstance(error, InputError | LimitError)
        assert "\n" not in str(error)
    assert time.monotonic() - begin < 2 + reading.OPEN_S
    assert rows(store, COUNT) == [(3,)]


@pytest.mark.parametrize("text", BREAKING[:4], ids=range(4))
def test_depth_is_limited_before_the_engine_sees_it(store, text):
    store._connect = lambda: pytest.fail("it arrived")
    with pytest.raises(InputError, match="brackets are open"):
        store.query(text)


def test_a_text_of_megabytes_is_refused_at_once(store):
    begin = time.monotonic()
    with pytest.raises(InputError, match="longer than"):
        store.query("RETURN 1 IN [" + "1," * 1_000_000 + "1] AS a")
    assert time.monotonic() - begin < 1


def test_a_limit_of_no_time_ends_at_once_and_parsing_counts(file):
    long = "RETURN " + "CASE WHEN true THEN " * 60 + "1" + " END" * 60 + " AS a"  # minutes of parsing
    for text, limit in ((COUNT, 1e-9), (long, 0.4)):
        with open_store(file, timeout_s=limit) as store:
            store._connect()._ready()
            begin = time.monotonic()
            with pytest.raises(LimitError, match="no answer within"):
                store._ask(text)
            assert time.monotonic() - begin < limit + 1


@pytest.mark.parametrize("limit", [0, -1, float("nan"), float("inf"), 1e300])
def test_a_limit_that_is_none_is_refused(file, limit):
    with pytest.raises(InputError, match="timeout_s"):
        open_store(file, timeout_s=limit)
    with pytest.raises(InputError, match="max_rows"):
        open_store(file, max_rows=0)
    with pytest.raises(InputError, match="max_rows"):
        open_store(file, max_rows=10**20)


def test_memory_beyond_the_limit_is_one_line(store):
    numbers = QUERY_MEMORY // 8
    with pytest.raises(LimitError, match="memory"):
        store._ask(f"RETURN size(range(1, {numbers})) AS n")
    assert rows(store, COUNT) == [(3,)]


# ---------------------------------------------------------------------- the process


def test_questions_of_one_program_share_a_process_and_a_new_file_gets_a_new_one(file, tmp_path):
    copy = tmp_path / "copy.lbug"
    shutil.copy(file, copy)
    with open_store(copy) as one:
        first = one._connect()._process.pid
        assert rows(one, COUNT) == [(3,)]
    with open_store(copy) as two:
        assert two._connect()._process.pid == first
        two.replace(follows("a", []))
        assert rows(two, COUNT) == [(1,)]
        assert two._connect()._process.pid != first
    assert not Path(f"/proc/{first}").exists()


def test_a_process_that_was_killed_is_replaced(store):
    assert rows(store, COUNT) == [(3,)]
    store._connect()._process.kill()
    store._connect()._process.wait()
    assert rows(store, COUNT) == [(3,)]


def test_a_forked_process_asks_its_own(store):
    assert rows(store, COUNT) == [(3,)]
    before = store._connect()._process.pid
    child = os.fork()
    if not child:
        right = False
        try:
            right = rows(store, COUNT) == [(3,)] and store._connect()._process.pid != before
            store._connect().close()
        finally:
            os._exit(0 if right else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert rows(store, COUNT) == [(3,)]
    assert store._connect()._process.pid == before


def test_nothing_is_left_when_the_program_ends_or_is_killed(file):
    ask = (
        "import sys; from kolgraph import open_store\n"
        f"store = open_store({str(file)!r}); store.query({COUNT!r})\n"
        "print(store._connect()._process.pid, flush=True); {end}"
    )
    for end in ("store.close()", "sys.exit(3)", "import os; os.kill(os.getpid(), 9)"):
        command = [sys.executable, "-c", ask.replace("{end}", end)]
        pid = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
        deadline = time.monotonic() + 20
        while alive(pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not alive(pid), end


def alive(pid: str) -> bool:
    """Whether there is such a process, and it is not only waiting for somebody to ask how it ended."""
    try:
        return "State:\tZ" not in Path(f"/proc/{int(pid)}/status").read_text()
    except FileNotFoundError:
        return False


def test_ctrl_c_ends_the_question_and_not_the_store(store, monkeypatch):
    reader = store._connect()
    reader._ready()
    threading.Timer(0.3, lambda: os.kill(os.getpid(), 2)).start()
    with pytest.raises(KeyboardInterrupt):
        store._ask("UNWIND range(1, 100000) AS i UNWIND range(1, 100000) AS j RETURN max(i * j) AS n")
    assert not reader.alive
    assert rows(store, COUNT) == [(3,)]


@pytest.mark.parametrize("limit", [2_000_000, 3_000_000])
def test_a_limit_of_address_space_leaves_room(file, limit):
    ask = f"from kolgraph import open_store; print(open_store({str(file)!r}).query({COUNT!r}).to_pylist())"
    command = ["bash", "-c", f'ulimit -v {limit}; exec "$@"', "x", sys.executable, "-c", ask]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[{'n': 3}]", done.stderr


def test_what_cannot_be_sent_is_named(store):
    for wrong in (object(), {1, 2}, b"x"):
        with pytest.raises(InputError, match=f"cannot be a {type(wrong).__name__}"):
            store._ask("RETURN $x AS x", {"x": wrong})
    assert store._ask("RETURN $x AS x", {"x": 2**40}).to_pylist() == [{"x": 2**40}]
