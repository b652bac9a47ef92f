"""Kernels run on any machine: where compiled code cannot be kept, it is compiled again."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numba
import pytest
from numba.core import caching

from kolgraph.kernels import compiling


def twice(x: int) -> int:
    return 2 * x


@pytest.fixture
def homeless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Neither the folder of the package nor that of the user can be written; the folder of temporary files."""
    for kind in (caching.InTreeCacheLocator, caching.UserWideCacheLocator):
        monkeypatch.setattr(kind, "from_function", classmethod(lambda *_: None))
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield tmp_path


def _kept(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*.nbi")]


def test_without_a_home_and_with_a_package_that_is_read_only_a_private_folder_will_do(homeless: Path) -> None:
    assert compiling.njit()(twice)(21) == 42
    place = homeless / f"kolgraph.numba.{os.getuid()}"
    assert _kept(place)
    assert place.stat().st_mode & 0o077 == 0
    again = compiling.njit()(twice)
    assert again(21) == 42
    assert sum(again.stats.cache_hits.values()) == 1


@pytest.mark.parametrize("odd", ["writable for all", "link", "file"])
def test_compiled_code_is_kept_where_nobody_else_can_write(homeless: Path, odd: str) -> None:
    place = homeless / f"kolgraph.numba.{os.getuid()}"
    theirs = homeless / "theirs"
    theirs.mkdir()
    if odd == "link":
        place.symlink_to(theirs)
    elif odd == "file":
        place.write_text("")
    else:
        place.mkdir()
        place.chmod(0o777)
    assert compiling.njit()(twice)(21) == 42
    assert not _kept(homeless)


def test_where_nothing_can_be_written_kernels_run(homeless: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> str:
        raise FileNotFoundError("No usable temporary directory")

    monkeypatch.setattr(tempfile, "gettempdir", nowhere)
    assert compiling.njit()(twice)(21) == 42
    assert not _kept(homeless)


def test_a_full_disk_is_no_reason_to_have_no_answer(homeless: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(caching.IndexDataCacheFile, "save", full)
    assert compiling.njit()(twice)(21) == 42
    assert not _kept(homeless)


def test_every_kernel_is_compiled_here() -> None:
    for path in Path(compiling.__file__).parent.glob("*.py"):
        if path.name != "compiling.py":
            text = path.read_text("utf-8")
            assert "import njit" not in text.replace("from kolgraph.kernels.compiling import njit", "")
