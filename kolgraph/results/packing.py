"""Keep an answer as files and read it again: numbers as arrays, tables as Arrow, and nothing that could run code.

A folder holds ``answer.json`` (the tree of fields), ``arrays.npz`` and one ``.arrow`` file per table. Arrays and tables
are read when they are first asked for, so that the ten best of a million accounts cost no more than their numbers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from kolgraph.results.result import Result

_PLAIN = (str, int, float, bool, type(None))


def pack(result: Result, folder: Path) -> None:
    """Write an answer into an empty folder; the fields of `Result.LEFT_OUT` are not kept."""
    arrays: dict[str, Any] = {}
    tree = _encoded(result, "r", arrays, folder)
    (folder / "answer.json").write_text(json.dumps(tree, ensure_ascii=False), encoding="utf-8")
    np.savez(folder / "arrays.npz", **arrays)


def unpack(folder: Path, rest: Mapping[str, Callable[[], Any]] | None = None) -> Result:
    """The answer of a folder.

    Parameters
    ----------
    folder : Path
    rest : mapping, optional
        How to make the fields that were left out, when they are asked for.

    Raises
    ------
    OSError, ValueError, KeyError
        It is not there, or it is damaged.
    """
    tree = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
    with _arrays(folder) as kept:
        known = set(kept.files)
    pending = dict(rest or {})
    result = _class(tree["class"]).__new__(_class(tree["class"]))
    if not isinstance(result, Result):
        raise ValueError(f"{folder}: holds no answer")
    for name, value in tree["fields"].items():
        if isinstance(value, dict) and value.keys() <= {"array", "texts", "frame"}:
            if value.get("array", value.get("texts", next(iter(known), ""))) not in known:
                raise ValueError(f"{folder}: an array is missing")
            if "frame" in value and not (folder / f"{value['frame']}.arrow").is_file():
                raise ValueError(f"{folder}: a table is missing")
            if hasattr(type(result), name):  # a field with a default is there already, and would never be asked for
                object.__setattr__(result, name, _decoded(value, folder))
            else:
                pending[name] = partial(_decoded, value, folder)
        elif value != {"left": True}:
            object.__setattr__(result, name, _decoded(value, folder))
    object.__setattr__(result, "_pending", pending)
    return result


def _encoded(value: Any, path: str, arrays: dict[str, Any], folder: Path) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, np.ndarray):
        if value.dtype.kind in "biufS":
            arrays[path] = value
            return {"array": path}
        arrays[path] = np.frombuffer(json.dumps(value.tolist(), ensure_ascii=False).encode(), np.uint8)
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


def _decoded(value: Any, folder: Path) -> Any:
    if not isinstance(value, dict):
        return value
    [(kind, content)] = [item for item in value.items() if item[0] != "fields"]
    if kind in {"array", "texts"}:
        with _arrays(folder) as kept:
            array = kept[content]
        return array if kind == "array" else np.array([*json.loads(array.tobytes()), None], dtype=object)[:-1]
    if kind == "frame":
        import pyarrow as pa

        with pa.memory_map(str(folder / f"{content}.arrow")) as file:
            return pa.ipc.open_file(file).read_all().to_pandas()
    if kind == "class":
        return _class(content)(**{name: _decoded(part, folder) for name, part in value["fields"].items()})
    if kind == "map":
        return {name: _decoded(part, folder) for name, part in content}
    parts = [_decoded(part, folder) for part in content]
    return tuple(parts) if kind == "tuple" else parts


@contextmanager
def _arrays(folder: Path) -> Iterator[Any]:
    """The arrays of an answer; numpy itself leaves a file open that it cannot read."""
    with (folder / "arrays.npz").open("rb") as file, np.load(file, allow_pickle=False) as kept:
        yield kept


def _class(name: str) -> Any:
    module, _, path = name.partition(":")
    if not module.startswith("kolgraph."):
        raise ValueError(f"{name} is no class of ours")
    found = getattr(import_module(module), path)
    if not is_dataclass(found):
        raise ValueError(f"{name} is no answer")
    return found
