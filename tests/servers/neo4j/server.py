"""Start and stop a Neo4j server of our own: jars from Maven's usual place, a temporary home, a free loopback port.

Neo4j is GPLv3: its jars are fetched by whoever runs these tests and never become part of kolgraph, which only speaks
bolt to a server.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kolgraph.settings import Neo4jLogin

HERE = Path(__file__).parent
JARS = HERE.parents[2] / ".cache" / "neo4j-jars"
CONF = """\
server.default_listen_address=127.0.0.1
server.bolt.enabled=true
server.bolt.listen_address=127.0.0.1:{port}
server.http.enabled=false
server.https.enabled=false
server.memory.pagecache.size=128m
dbms.usage_report.enabled=false
dbms.security.auth_enabled=true
"""
OPENS = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in ("java.nio", "java.lang", "sun.nio.ch")]
START_S = 180.0


def missing() -> str:
    """One line that says what to install, or nothing."""
    tools = {"java": "Java 17", "mvn": "Maven"}
    absent = [name for tool, name in tools.items() if not shutil.which(tool)]
    return f"no Neo4j server: install {' and '.join(absent)}, or set KOLGRAPH_NEO4J_URI" if absent else ""


def jars() -> Path:
    """The folder of jars, filled once; a lock keeps parallel test workers from filling it twice."""
    JARS.parent.mkdir(exist_ok=True)
    complete = JARS / "complete"
    with (JARS.parent / "neo4j-jars.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not complete.exists() or complete.stat().st_mtime < (HERE / "pom.xml").stat().st_mtime:
            shutil.rmtree(JARS, ignore_errors=True)
            goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={JARS}"]
            subprocess.run(["mvn", "-q", "-B", "-f", str(HERE / "pom.xml"), *goal], check=True, timeout=600)
            complete.touch()
    return JARS


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while b"ready" not in log.read_bytes():
        if process.poll() is not None or time.monotonic() > deadline:
            tail = log.read_text(errors="replace")[-2000:]
            raise RuntimeError(f"the Neo4j server did not start (exit status {process.poll()}):\n{tail}")
        time.sleep(0.1)


@contextmanager
def running() -> Iterator[Neo4jLogin]:
    """A server with authentication on and a random password; it is stopped and its data removed at the end."""
    import neo4j

    with tempfile.TemporaryDirectory(prefix="kolgraph-neo4j-") as folder:
        home, port = Path(folder), _free_port()
        (home / "conf").mkdir()
        (home / "conf" / "neo4j.conf").write_text(CONF.format(port=port))
        log = home / "server.log"
        command = ["java", "-Xms256m", "-Xmx768m", *OPENS, "-cp", f"{jars()}{os.sep}*", str(HERE / "Launcher.java")]
        with log.open("wb") as output:
            process = subprocess.Popen([*command, str(home)], stdout=output, stderr=subprocess.STDOUT)
        try:
            _wait_for(process, log)
            login = Neo4jLogin(uri=f"bolt://127.0.0.1:{port}", password=secrets.token_hex(12))
            with neo4j.GraphDatabase.driver(login.uri, auth=("neo4j", "neo4j")) as driver:
                # A fresh server accepts nothing but a change of its well-known first password.
                driver.execute_query(
                    "ALTER CURRENT USER SET PASSWORD FROM 'neo4j' TO $new", new=login.password, database_="system"
                )
            yield login
        finally:
            process.terminate()
            process.wait(timeout=60)
