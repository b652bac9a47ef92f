"""Keep an answer as files and read it again: numbers as arrays, tables as Arrow, and nothing that could run code.

A folder holds ``answer.json`` (the tree of fields), ``arrays.npz`` and one ``.arrow`` file per table. Arrays and tables
are read when they are first asked for, so that the ten best of a million accounts cost no more than their numbers.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from kolgraph.errors import EnvironmentProblem, option
from kolgraph.results.result import Result

#: What reading files that are damaged, cut off or gone raises.
DAMAGE = (OSError, ValueError, KeyError, TypeError, AttributeError, ImportError, EOFError, BadZipFile)
_PLAIN = (str, int, float, bool, type(None))


def pack(result: Result, folder: Path) -> None:
    """Write an answer into an empty folder; the fields of `Result.LEFT_OUT` are not kept."""
    arrays: dict[str, Any] = {}
    tree = _encoded(result, "r", arrays, folder)
    (folder / "answer.json").write_bytes(_json(tree))
    np.savez(folder / "arrays.npz", **arrays)


def checksum(folder: Path) -> str:
    """Tells damage to the files of an answer, and another answer in its place, from what was packed."""
    total = 0
    for file in sorted(folder.iterdir()):
        total = zlib.crc32(f"{file.name} {file.stat().st_size}".encode(), total)
        with regular(file).open("rb") as opened:
            while block := opened.read(1 << 22):
                total = zlib.crc32(block, total)
    return f"{total:08x}"


def regular(file: Path) -> Path:
    """The file, if it is one: a pipe in its place would be read for ever."""
    if not file.is_file():
        raise ValueError(f"{file}: is no file")
    return file


def unpack(folder: Path, rest: Mapping[str, Callable[[], Any]] | None = None) -> Result:
    """The answer of a folder.

    Parameters
    ----------
    folder : Path
    rest : mapping, optional
        How to make the fields that were left out, when they are asked for.

    Raises
    ------
    One of `DAMAGE`
        It is not there, or it is damaged.
    """
    tree = _parsed((folder / "answer.json").read_bytes())
    with _arrays(folder) as kept:
        known = set(kept.files)
    pending, tables = dict(rest or {}), {}
    result = _class(tree["class"]).__new__(_class(tree["class"]))
    if not isinstance(result, Result) or set(tree["fields"]) != {f.name for f in fields(result)}:
        raise ValueError(f"{folder}: holds no answer of this version")
    for name, value in tree["fields"].items():
        if isinstance(value, dict) and value.keys() <= {"array", "texts", "frame"}:
            there = (folder / f"{value['frame']}.arrow").is_file() if "frame" in value else set(value.values()) <= known
            if not there:
                raise ValueError(f"{folder}: a part of {name} is missing")
            if hasattr(type(result), name):  # a field with a default is there already, and would never be asked for
                object.__setattr__(result, name, _decoded(value, folder))
            else:
                pending[name] = partial(_later, value, folder)
            if "frame" in value:
                tables[name] = partial(_columns, folder / f"{value['frame']}.arrow")
        elif value != {"left": True}:
            object.__setattr__(result, name, _decoded(value, folder))
    object.__setattr__(result, "_pending", pending)
    object.__setattr__(result, "_kept", tables)
    return result


def _later(value: Any, folder: Path) -> Any:
    """An array or table that is asked for after the answer was handed out."""
    try:
        return _decoded(value, folder)
    except DAMAGE as error:
        what = f"{folder}: what was kept of this answer is damaged or gone"
        raise EnvironmentProblem(f"{what}; ask again with {option('fresh')}") from error


def _encoded(value: Any, path: str, arrays: dict[str, Any], folder: Path) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, np.ndarray):
        if value.dtype.kind in "biufS":
            arrays[path] = value
            return {"array": path}
        arrays[path] = np.frombuffer(_json(value.tolist()), np.uint8)
        return {"texts": path}
    if is_dataclass(value) and not isinstance(value, type):
        left = getattr(value, "LEFT_OUT", ())
        kept = {f.name: getattr(value, f.name) for f in fields(value) if f.name not in left}
        parts = {name: _encoded(part, f"{path}.{name}", arrays, folder) for name, part in kept.items()}
        parts |= {name: {"left": True} for name in left}
        return {"class": f"{type(value).__module__}:{type(value).__qualname__}", "fields": parts}
    if isinstance(value, Mapping):
        return {"map": [[str(k), _encoded(v, f"{path}.{i}", arrays, folder)] for i, (k, v) in enumerate(value.items())]}
    if isinstance(value, tuple | list):
        items = [_encoded(v, f"{path}.{i}", arrays, folder) for i, v in enumerate(value)]
        return {"tuple": items} if isinstance(value, tuple) else {"list": items}
    import pandas as pd
    import pyarrow as pa

    if isinstance(value, pd.DataFrame):
        table = pa.Table.from_pandas(value)
        with pa.OSFile(str(folder / f"{path}.arrow"), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
        return {"frame": path}
    raise TypeError(f"{path}: a {type(value).__name__} cannot be kept")


def _decoded(value: Any, folder: Path, kept: Any = None) -> Any:
    if not isinstance(value, dict):
        return value
    [(kind, content)] = [item for item in value.items() if item[0] != "fields"]
    if kept is None and kind != "frame":  # opened once: an answer of hundreds of rings holds a thousand arrays
        with _arrays(folder) as opened:
            return _decoded(value, folder, opened)
    if kind in {"array", "texts"}:
        array = kept[content]
        return array if kind == "array" else np.array([*_parsed(array.tobytes()), None], dtype=object)[:-1]
    if kind == "frame":
        import pyarrow as pa

        with pa.memory_map(str(folder / f"{content}.arrow")) as file:
            return pa.ipc.open_file(file).read_all().to_pandas()
    if kind == "class":
        return _class(content)(**{name: _decoded(part, folder, kept) for name, part in value["fields"].items()})
    if kind == "map":
        return {name: _decoded(part, folder, kept) for name, part in content}
    parts = [_decoded(part, folder, kept) for part in content]
    return tuple(parts) if kind == "tuple" else parts


@contextmanager
def _arrays(folder: Path) -> Iterator[Any]:
    """Opened here: of a damaged file numpy would leave the handle open."""
    with (folder / "arrays.npz").open("rb") as file, np.load(file, allow_pickle=False) as kept:
        yield kept


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _parsed(raw: bytes) -> Any:
    return json.loads(raw.decode("utf-8", "surrogatepass"))


def _columns(file: Path) -> dict[str, Any]:
    """A table as arrays; a number that is missing is NaN, a text None."""
    import pyarrow as pa

    with pa.memory_map(str(file)) as opened:
        table = pa.ipc.open_file(opened).read_all()
    return {name: _array(table[name]) for name in table.column_names if not name.startswith("__index_level_")}


def _array(column: Any) -> Any:
    """A column of Arrow as an array, from its buffers: Arrow's own way would import pandas."""
    import pyarrow as pa

    kinds = {"f": pa.types.is_floating, "u": pa.types.is_unsigned_integer, "i": pa.types.is_signed_integer}
    kind = next((letter for letter, fits in kinds.items() if fits(column.type)), None)
    if kind is None:
        return np.array([*column.to_pylist(), None], dtype=object)[:-1]
    whole = column.combine_chunks()
    part = slice(whole.offset, whole.offset + len(whole))
    known, content = whole.buffers()
    values = np.frombuffer(content, f"{kind}{column.type.bit_width // 8}")[part]
    if not whole.null_count:
        return values
    return np.where(np.unpackbits(np.frombuffer(known, np.uint8), bitorder="little")[part] == 1, values, np.nan)


def _class(name: str) -> Any:
    module, _, path = name.partition(":")
    if not module.startswith("kolgraph."):
        raise ValueError(f"{name} is no class of ours")
    found = getattr(import_module(module), path)
    if not is_dataclass(found):
        raise ValueError(f"{name} is no answer")
    return found
