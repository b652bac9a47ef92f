"""A Neo4j server of our own: jars from Maven's usual place, a temporary home, a loopback port, and faults on purpose.

Neo4j is GPLv3: its jars are fetched by whoever runs these tests and never become part of kolgraph, which only speaks
bolt to a server.
"""

from __future__ import annotations

import fcntl
import os
import random
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
CACHE = HERE.parents[2] / ".cache"
CONF = """\
server.default_listen_address=127.0.0.1
server.bolt.enabled=true
server.bolt.listen_address=127.0.0.1:{port}
server.http.enabled=false
server.https.enabled=false
server.memory.pagecache.size=128m
dbms.usage_report.enabled=false
dbms.security.auth_enabled=true
dbms.security.procedures.unrestricted=gds.*
# When it stops it would listen for 5 seconds, twice, whether somebody still says something.
internal.dbms.bolt.netty_server_shutdown_quiet_period=0
"""
#: A server of minutes spends more on thorough compiling than it gets back: with these it takes half the time.
SHORT_LIVED = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
OPENS = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in ("java.nio", "java.lang", "sun.nio.ch")]
ADMIN = """\
#!/bin/sh
export NEO4J_HOME='{home}' NEO4J_CONF='{home}/conf'
exec java -Xmx"${{HEAP_SIZE:-1g}}" {options} -cp '{jars}' org.neo4j.cli.AdminTool "$@"
"""
START_S = 180.0
STOP_S = 60.0


def missing() -> str:
    """One line that says what to install, or nothing."""
    tools = {"java": "Java 17", "mvn": "Maven"}
    absent = [name for tool, name in tools.items() if not shutil.which(tool)]
    return f"no Neo4j server: install {' and '.join(absent)}, or set KOLGRAPH_NEO4J_URI" if absent else ""


def jars(pom: str, folder: str) -> Path:
    """A folder of jars, filled once; a lock keeps parallel test workers from filling it twice."""
    CACHE.mkdir(exist_ok=True)
    filled = CACHE / folder
    complete = filled / "complete"
    with (CACHE / f"{folder}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        changed = max(named.stat().st_mtime for named in (HERE / "pom.xml", HERE / pom))
        if not complete.exists() or complete.stat().st_mtime < changed:
            shutil.rmtree(filled, ignore_errors=True)
            goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={filled}"]
            subprocess.run(["mvn", "-q", "-B", "-f", str(HERE / pom), *goal], check=True, timeout=600)
            complete.touch()
    return filled


def _free_port() -> int:
    """A port that the system never gives to a client: one that tries while we are down could connect to itself."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


class Server:
    """A server with authentication on and a random password, which keeps its data and its port when it starts again.

    Parameters
    ----------
    home : Path
        An empty folder. It becomes what an installed NEO4J_HOME is: ``bin/neo4j-admin`` in it works.
    gds : bool
        With the Graph Data Science library.
    heap : str
        Java's limit.
    measured : bool
        It runs as a server in use does, whose speed means something.
    """

    def __init__(self, home: Path, *, gds: bool = False, heap: str = "768m", measured: bool = False) -> None:
        self.home, self.port = home, _free_port()
        self.login = Neo4jLogin(uri=f"bolt://127.0.0.1:{self.port}", password=secrets.token_hex(12))
        own = jars("pom.xml", "neo4j-jars")
        self._path, self._options = f"{own}{os.sep}*", [*([] if measured else SHORT_LIVED), *OPENS]
        self._heap = heap
        self._process: subprocess.Popen[bytes] | None = None
        for name in ("conf", "bin", "plugins"):
            (home / name).mkdir()
        (home / "conf" / "neo4j.conf").write_text(CONF.format(port=self.port))
        admin = home / "bin" / "neo4j-admin"
        admin.write_text(ADMIN.format(home=home, options=" ".join(self._options), jars=self._path))
        admin.chmod(0o700)
        if gds:
            # They are found only where they are plugins and, started from jars, on the class path as well.
            self._path += f"{os.pathsep}{home / 'plugins'}{os.sep}*"
            for jar in jars("gds-pom.xml", "neo4j-gds-jars").glob("*.jar"):
                if not (own / jar.name).exists():
                    shutil.copy(jar, home / "plugins")

    def start(self) -> None:
        """Wait until the server answers; nothing where it does already."""
        if self._process and self._process.poll() is None:
            return
        first, log = not (self.home / "data").exists(), self.home / "server.log"
        command = ["java", "-Xms256m", f"-Xmx{self._heap}", *self._options, "-cp", self._path]
        command += [str(HERE / "Launcher.java"), str(self.home)]
        with log.open("wb") as output:
            self._process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + START_S
        while b"ready\n" not in log.read_bytes():
            if self._process.poll() is not None or time.monotonic() > deadline:
                tail = log.read_text(errors="replace")[-2000:]
                raise RuntimeError(f"the Neo4j server did not start (exit status {self._process.poll()}):\n{tail}")
            time.sleep(0.1)
        if first:
            self._set_password()

    def stop(self) -> None:
        """Ask it to end, as one should."""
        if self._process:
            self._process.terminate()
            self._process.wait(STOP_S)

    def kill(self) -> None:
        """End it between two instructions, as a power cut does."""
        if self._process:
            self._process.kill()
            self._process.wait(STOP_S)

    def restart(self) -> None:
        """Stop and start."""
        self.stop()
        self.start()

    def _set_password(self) -> None:
        """A fresh server accepts nothing but a change of its well-known first password."""
        import neo4j

        with neo4j.GraphDatabase.driver(self.login.uri, auth=("neo4j", "neo4j")) as driver:
            text = "ALTER CURRENT USER SET PASSWORD FROM 'neo4j' TO $new"
            driver.execute_query(text, new=self.login.password, database_="system")


@contextmanager
def running(*, gds: bool = False, heap: str = "768m", measured: bool = False) -> Iterator[Server]:
    """A server that runs; it is stopped and its data removed at the end."""
    with tempfile.TemporaryDirectory(prefix="kolgraph-neo4j-") as folder:
        server = Server(Path(folder), gds=gds, heap=heap, measured=measured)
        try:
            server.start()
            yield server
        finally:
            server.stop()
