"""What shells do to standard streams, terminals, and Ctrl-C: quiet ends, right exit codes, nothing hidden."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kolgraph import cli
from kolgraph.cli import printing
from kolgraph.errors import ON_COMMAND_LINE
from kolgraph.interrupts import held, noted
from kolgraph.workspace import Workspace

KOLGRAPH = f"{sys.executable} -m kolgraph"
Invoke = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    rows = ["1,ann\u202egnp", "2,bob", "3,蓝\u200b鲸", "4,\U0001f468\u200d\U0001f469\u200d\U0001f467"]
    (folder / "a.csv").write_text("account,name\n" + "\n".join(rows) + "\n", "utf-8")
    (folder / "f.csv").write_text("follower,followed\n1,2\n2,1\n3,1\n4,1\n")
    with Workspace.open(folder / "a.kol", create=True) as ws:
        ws.load_all([folder / "a.csv", folder / "f.csv"], platform="weibo")
        ws.rank(by="in_degree")
    return folder / "a.kol"


def shell(line: str) -> tuple[int, str, str]:
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert "defect" not in done.stderr
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("line", "code", "out", "err"),
    [
        ("{k} rank {w} --by in_degree >&-", 0, "", "Follower lists"),
        ("{k} rank {w} --by in_degree 2>&-", 0, "weibo:1", ""),
        ("{k} rank {w} --by in_degree >&- 2>&- <&-", 0, "", ""),
        ("{k} rank {w} --by nothing 2>&-", 2, "", ""),
        ("{k} rank {w} --by in_degree >/dev/full", 3, "", "No space left on device"),
        ("{k} info {w} --format json >/dev/full", 3, "", "No space left on device"),
        ("{k} rank {w} --by in_degree 2>/dev/full", 0, "weibo:1", ""),
        ("PYTHONIOENCODING=ascii {k} rank {w} --by in_degree", 0, "蓝", ""),
        ("PYTHONIOENCODING=latin-1 {k} rank {w} --by in_degree", 0, "\\u84dd", ""),
        ("PYTHONIOENCODING=latin-1 {k} rank {w} --by in_degree --format json", 0, "\\u84dd", ""),
        ("set -o pipefail; {k} info {w} | head -1", 0, "", ""),
        ("set -o pipefail; {k} rank {w} --by in_degree 2>&1 | true", 0, "", ""),
    ],
)
@pytest.mark.slow
def test_streams_of_every_kind_end_quietly(small: Path, line: str, code: int, out: str, err: str) -> None:
    found = shell(line.format(k=KOLGRAPH, w=small))
    assert (found[0], out in found[1], err in found[2]) == (code, True, True), found
    assert found[2].count("kolgraph: ") == (code != 0 and "2>&-" not in line)


@pytest.mark.slow
def test_work_that_nobody_listens_to_is_done(small: Path, tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / f"{name}.csv").write_text(f"follower,followed\n{name}1,{name}2\n")
    files = " ".join(str(tmp_path / f"{name}.csv") for name in "abc")
    assert shell(f"set -o pipefail; {KOLGRAPH} load {tmp_path}/w.kol {files} 2>&1 | true")[0] == 0
    with Workspace.open(tmp_path / "w.kol") as ws:
        assert ws.fetch("SELECT count(*) FROM batches") == [(3,)]


@pytest.mark.slow
@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_a_terminal_shows_what_a_name_hides(small: Path, form: str) -> None:
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "kolgraph", "rank", str(small), "--by", "in_degree", "--format", form]
    process = subprocess.Popen(command, stdout=follower, stderr=subprocess.DEVNULL)
    os.close(follower)
    said = b""
    try:
        while block := os.read(leader, 1 << 16):
            said += block
    except OSError:  # the terminal is gone with the last process that had it
        pass
    assert process.wait() == 0
    text = said.decode().replace("\x1b[1m", "").replace("\x1b[0m", "")
    assert not {"\x1b", "\u202e", "\u200b"} & set(text)
    assert ("\\u202e" if form == "json" else "[U+202E]") in text
    assert "\U0001f468\u200d\U0001f469" in text  # a family stays one


def test_programs_get_names_as_they_are(invoke: Invoke, small: Path) -> None:
    _, out, _ = invoke("rank", small, "--by", "in_degree", "--format", "csv")
    assert "ann\u202egnp" in out
    _, out, _ = invoke("rank", small, "--by", "in_degree", "--format", "json")
    assert {row["name"] for row in json.loads(out)} >= {"ann\u202egnp", "蓝\u200b鲸"}


# ---------------------------------------------------------------------- Ctrl-C


@pytest.mark.parametrize(
    "error", [RuntimeError("Query interrupted"), ImportError("half a module"), KeyboardInterrupt()]
)
def test_an_interrupt_is_130_whatever_a_library_makes_of_it(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def broken_off(*_: object, **__: object) -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)
        except KeyboardInterrupt:
            raise error from None

    monkeypatch.setattr(cli, "cli", broken_off)
    code, out, err = invoke("rings", "a.kol")
    assert (code, out) == (130, "")
    assert err == "kolgraph: interrupted; run the same command again to go on\n"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_cannot_be_broken_off_is_done_first() -> None:
    done = []
    with noted() as seen:
        with pytest.raises(KeyboardInterrupt), held():
            os.kill(os.getpid(), signal.SIGINT)
            done += [sum(range(1000))]
        assert done == [499500]
        assert seen == [signal.SIGINT]
    thread = threading.Thread(target=lambda: [done.append(1) for _ in [0] if not held().__enter__()])
    thread.start()
    thread.join()
    assert done == [499500, 1]  # elsewhere it changes nothing


def test_the_second_interrupt_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[int] = []
    monkeypatch.setattr(os, "_exit", left.append)
    spoken = ON_COMMAND_LINE.set(True)
    with pytest.raises(KeyboardInterrupt), held():
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        assert left == [130]
    ON_COMMAND_LINE.reset(spoken)


def test_what_takes_long_shows_that_it_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(printing, "_BEAT_S", (0.01, 0.01))
    said, until = "", time.monotonic() + 60
    with printing.progress("rank()"), printing.progress("rings()") as tell:
        tell(5000)
        while said.count("\n") < 2 and time.monotonic() < until:
            time.sleep(0.01)
            said += capsys.readouterr().err
    assert re.match(r"(rings\(\) \.\.\. 5,000 rows \d+ s\n){2}", said)  # what is waited for, not what waits for it
    assert re.search(r"rings\(\): [\d.]+ s\nrank\(\): [\d.]+ s\n$", said + capsys.readouterr().err)
    assert not printing._GOING_ON
