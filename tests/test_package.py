"""What a user installs: the wheel holds exactly the sources, importing is cheap, the public surface is one list."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import kolgraph

ROOT = Path(__file__).parents[1]
HEAVY = ["pandas", "igraph", "numba", "duckdb", "neo4j", "plotly", "networkx", "pyarrow", "sklearn", "ladybug", "scipy"]


def run(*command: str, cwd: Path = ROOT) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize("module", ["kolgraph", "kolgraph.cli", "kolgraph.errors", "kolgraph.graph"])
def test_importing_loads_no_heavy_library(module: str) -> None:
    # numpy is the one library that graph may load.
    code = f"import sys, {module}; print([m for m in {HEAVY!r} if m in sys.modules])"
    assert run(sys.executable, "-c", code).strip() == "[]"


def test_all_is_sorted_complete_and_importable() -> None:
    assert kolgraph.__all__ == sorted(kolgraph.__all__)
    assert set(kolgraph.__all__) == set(kolgraph._HOME)
    for name in kolgraph.__all__:
        assert getattr(kolgraph, name) is not None
    with pytest.raises(AttributeError, match="nonsense"):
        _ = kolgraph.nonsense


def test_no_top_level_loaders_or_cypher_leaks() -> None:
    code = "import importlib.util as u, os; os.chdir('/'); print(u.find_spec('loaders'), u.find_spec('cypher'))"
    assert run(sys.executable, "-c", code, cwd=Path("/")).strip() == "None None"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    source = tmp_path_factory.mktemp("source")
    for name in tracked():
        if (ROOT / name).is_symlink():
            continue
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes((ROOT / name).read_bytes())
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", "dist", ".", cwd=source)
    return zipfile.ZipFile(next((source / "dist").glob("*.whl")))


def tracked() -> list[str]:
    return run("git", "ls-files", "--cached", "--others", "--exclude-standard").split("\n")[:-1]


@pytest.mark.slow
def test_wheel_holds_every_source_file_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    moved = {"loaders/": "kolgraph/loaders/", "cypher/": "kolgraph/cypher/", "kolgraph/": "kolgraph/"}
    expected = {
        new + name.removeprefix(old)
        for name in tracked()
        for old, new in moved.items()
        if name.startswith(old) and not (ROOT / name).is_symlink()
    }
    inside = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert inside == expected


@pytest.mark.slow
def test_wheel_top_level_is_kolgraph_alone(wheel: zipfile.ZipFile) -> None:
    assert {name.split("/")[0].split("-")[0] for name in wheel.namelist()} == {"kolgraph"}


def test_nothing_committed_names_a_registry_or_this_machine() -> None:
    halves = [("python", "hosted"), ("npm", "js.org"), ("repo1.", "maven"), ("pypi.org/", "simple"), ("/", "work/")]
    words = [first + second for first, second in halves]  # in halves, or this file would name them
    for name in tracked():
        path = ROOT / name
        if path.is_file() and path.suffix not in {".png", ".jpg"}:
            text = path.read_text("utf-8", errors="ignore")
            assert not [word for word in words if word in text], name
