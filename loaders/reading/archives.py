"""What people name: files, folders, patterns, zip archives; and the files behind such a name, found again."""

from __future__ import annotations

import glob
import os
import re
import stat
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from kolgraph.errors import InputError
from kolgraph.loaders.reading.packed import MAX_INPUT, check_size
from kolgraph.loaders.reading.source import ARCHIVES, readable

MAX_MEMBERS = 10_000
#: Left behind by systems, never data.
LITTER = {"__MACOSX", "Thumbs.db", "desktop.ini"}
#: Between the name of an archive and that of its member.
MEMBER = "!/"


class Found(NamedTuple):
    """A file to load: where it lies, how people call it (``archive.zip!/folder/member.csv``), and who named it.

    ``exact``: a person named this very file, which then has to be data; folders, patterns and archives bring others.
    """

    path: Path
    name: str
    exact: bool


def expand(names: Sequence[str | Path], *, max_input: int = MAX_INPUT) -> Iterator[Found]:
    """All files in what a user named: files, folders, patterns, archives.

    Everything is looked at before the first file is handed over. A member of an archive lies in a private folder until
    the next file is asked for.

    Raises
    ------
    InputError
        A name without a file, or an archive that is encrypted, damaged, or holds archives, links, paths that lead out
        of it, two members of one name, or too many.
    LimitError
        An archive unpacks to more than `max_input` bytes.
    """
    paths: dict[Path, bool] = {}
    for name in names:
        for path in _files(name):
            paths[path] = paths.get(path, False) or path == Path(name)
    found = [(path, exact, _members(path, max_input) if _is_archive(path) else None) for path, exact in paths.items()]
    return _unpacked(found)


def found_again(names: Iterable[str], *, max_input: int = MAX_INPUT) -> Iterator[Path | None]:
    """The files that `expand` called so, each until the next is asked for; None for one that is not there.

    Raises
    ------
    LimitError
        An archive unpacks to more than `max_input` bytes.
    """
    archives: dict[Path, dict[str, zipfile.ZipInfo]] = {}
    for name in names:
        outer, mark, member = name.partition(MEMBER)
        if _is_file(Path(name)):
            yield Path(name)
        elif not mark or not _is_file(Path(outer)):
            yield None
        else:
            path = Path(outer)
            if path not in archives:
                try:
                    archives[path] = {name: info for info, name in _members(path, max_input)}
                except InputError:
                    archives[path] = {}  # another archive by now
            if member not in archives[path]:
                yield None
                continue
            with (
                readable(path),
                zipfile.ZipFile(path) as archive,
                _extracted(archive, path, archives[path][member], member) as file,
            ):
                yield file


def _is_archive(path: Path) -> bool:
    return path.suffix.lower() == ".zip"


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # no name that a file could have
        return False


def _unpacked(found: Iterable[tuple[Path, bool, list[tuple[zipfile.ZipInfo, str]] | None]]) -> Iterator[Found]:
    for path, exact, members in found:
        if members is None:
            yield Found(path, str(path), exact)
            continue
        with readable(path), zipfile.ZipFile(path) as archive:
            for info, name in members:
                with _extracted(archive, path, info, name) as file:
                    yield Found(file, f"{path}{MEMBER}{name}", exact=False)


@contextmanager
def _extracted(archive: zipfile.ZipFile, path: Path, info: zipfile.ZipInfo, name: str) -> Iterator[Path]:
    """A member in a private folder of its own."""
    with tempfile.TemporaryDirectory(prefix="kolgraph-") as scratch:
        # Some crawlers say in the name of a folder whose posts these are: it has to be the same every time.
        target = Path(scratch, path.stem, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with archive.open(info) as packed, target.open("xb") as out:
                while block := packed.read(1 << 20):
                    out.write(block)
        except (zipfile.BadZipFile, NotImplementedError) as error:
            raise InputError(f"{path}{MEMBER}{name}: the archive is damaged ({error})") from error
        yield target


def _files(name: str | Path) -> list[Path]:
    """The files of one name."""
    path = Path(name)
    try:
        if path.is_dir():
            files = _walk(path)
            if not files:
                raise InputError(f"{path}: the folder holds no file")
            return files
        if path.exists() or not glob.has_magic(str(name)):
            return [path]  # a name without a file is refused where it is read
        found = glob.glob(_pattern(path), recursive=True)  # noqa: PTH207 - the pattern may be absolute
        matches = sorted(match for match in map(Path, found) if not _litter(match.name))
    except (OSError, ValueError) as error:
        raise InputError(f"{str(name)!r}: cannot be looked at ({error})") from error
    files = [file for match in matches for file in (_walk(match) if match.is_dir() else [match])]
    if not files:
        raise InputError(f"{name}: no file matches this pattern")
    return files


def _pattern(path: Path) -> str:
    """A pattern, in which the folders that there are mean themselves: ``fans[1]/*.csv`` are files of that folder."""
    there = next(folder for folder in path.parents if folder.exists())
    return str(Path(glob.escape(str(there)), path.relative_to(there)))


def _walk(folder: Path) -> list[Path]:
    """Files below a folder, in order; links that lead out of it are left."""
    root = folder.resolve()
    files: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if not _litter(f))
        for name in sorted(names):
            file = Path(place, name)
            if not _litter(name) and file.is_file() and file.resolve().is_relative_to(root):
                files.append(file)
    return files


def _litter(name: str) -> bool:
    return name.startswith(".") or name in LITTER


def _members(path: Path, max_input: int) -> list[tuple[zipfile.ZipInfo, str]]:
    """The members of an archive that are files, with their names made plain; refused if one of them is not harmless."""
    infos = inside(path, max_input)
    if len(infos) > MAX_MEMBERS:
        raise InputError(f"{path}: holds {len(infos):,} members; more than {MAX_MEMBERS:,} are refused")
    members: list[tuple[zipfile.ZipInfo, str]] = []
    taken: set[str] = set()
    for info in infos:
        name = _name(info)
        parts = name.rstrip("/").split("/")
        problem = ""
        if info.flag_bits & 1:
            problem = "is encrypted"
        elif stat.S_ISLNK(info.external_attr >> 16):
            problem = "is a link"
        elif "\0" in name or name.startswith("/") or re.match("[A-Za-z]:", name) or {"..", ".", ""} & set(parts):
            problem = "has a path that leads out of the archive"
        elif Path(name).suffix.lower() in ARCHIVES or ".tar." in name.lower():
            problem = "is an archive itself"
        elif name.rstrip("/").casefold() in taken:
            problem = "appears twice"
        if problem:
            raise InputError(
                f"{path}{MEMBER}{name}".replace("\0", "\\0") + f": {problem}; unpack it yourself, and look"
            )
        taken.add(name.rstrip("/").casefold())
        if not name.endswith("/") and not any(map(_litter, parts)):
            members.append((info, name))
    files = {name.casefold() for _, name in members}
    for _, name in members:
        above = name.casefold().split("/")[:-1]
        if any("/".join(above[:k]) in files for k in range(1, len(above) + 1)):
            raise InputError(
                f"{path}{MEMBER}{name}: lies in a folder that is also a file; unpack it yourself, and look"
            )
    if not members:
        raise InputError(f"{path}: the archive holds no file")
    return members


def inside(path: Path, max_input: int) -> list[zipfile.ZipInfo]:
    """What is in a zip file, a workbook too; the sizes it declares are the most that reading can yield."""
    try:
        with readable(path), zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise InputError(f"{path}: the archive is damaged ({error})") from error
    check_size(path, sum(info.file_size for info in infos), path.stat().st_size, max_input)
    return infos


def _name(info: zipfile.ZipInfo) -> str:
    """The name of a member with slashes; old Chinese systems wrote GBK and did not say so."""
    name = info.orig_filename
    if not info.flag_bits & 0x800 and not name.isascii():
        raw = name.encode("cp437")
        for encoding in ("utf-8", "gb18030"):
            try:
                name = raw.decode(encoding)
                break
            except UnicodeDecodeError:
                continue
    return name.replace("\\", "/")
