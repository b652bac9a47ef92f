"""One target under libFuzzer: ``python -m tests.fuzz.guided TARGET FOLDER SECONDS SEED``; `loaders` starts it.

Findings do not end it: each is kept once, and it goes on. It takes inputs that reach new lines of the loaders further.
"""

from __future__ import annotations

import sys
import tempfile
import time
import traceback
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from random import Random

#: What the fuzzer looks at to find out whether an input is new.
WATCHED = ["kolgraph.loaders", "kolgraph.workspace"]
#: Limits for one input: bytes (more than the sample by which a file is known), seconds; and MiB for all.
LONGEST, SLOWEST, LARGEST = 80_000, 60, 1536


def main(target: str, out: Path, seconds: float, seed: int) -> None:
    """Fuzz one target; never returns, libFuzzer ends the process."""
    import atheris

    began = time.monotonic()
    with atheris.instrument_imports(include=WATCHED):
        trial_module = import_module("tests.fuzz.trial")
        for module in walk_packages(import_module("kolgraph.loaders").__path__, "kolgraph.loaders."):
            import_module(module.name)
    scratch = Path(tempfile.mkdtemp(prefix=f"{target}-", dir=out.parent))
    trial = trial_module.Trial(target, scratch)
    corpus = scratch / "corpus"
    corpus.mkdir()
    # All seeds are run before the clock is looked at.
    seeds = list(trial.seeds())
    for number, raw in enumerate(Random(seed).sample(seeds, min(len(seeds), 1 + int(5 * seconds)))):
        (corpus / str(number)).write_bytes(raw)
    known: set[str] = set()

    def once(raw: bytes) -> None:
        try:
            trial.run(raw)
        except Exception as error:  # noqa: BLE001 - this is what we are here for
            place = fingerprint(error)
            if place not in known:
                known.add(place)
                keep(out, target, raw)

    def change(raw: bytes, longest: int, number: int) -> bytes:
        made: bytes = trial.mutated(raw, Random(number), longest)
        return made

    left = max(1, int(seconds - (time.monotonic() - began)))
    limits = [f"-max_len={LONGEST}", f"-timeout={SLOWEST}", f"-rss_limit_mb={LARGEST}", f"-max_total_time={left}"]
    said = [f"-artifact_prefix={out}/{target}-", f"-seed={seed or 1}", "-print_final_stats=1", "-reload=0"]
    atheris.Setup([sys.argv[0], *limits, *said, str(corpus)], once, custom_mutator=change)
    atheris.Fuzz()


def keep(out: Path, target: str, raw: bytes) -> None:
    """An input, and what went wrong with it."""
    name = f"{target}-found-{len(list(out.glob('*.txt')))}"
    (out / name).write_bytes(raw)
    (out / f"{name}.txt").write_text(traceback.format_exc(), encoding="utf-8", errors="backslashreplace")


def fingerprint(error: BaseException) -> str:
    """Which defect it is: kind of error, and the last lines of ours that it went through."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "site-packages" not in f.filename]
    cause = f" < {fingerprint(error.__cause__)}" if error.__cause__ else ""
    return type(error).__name__ + "".join(f" {Path(f.filename).name}:{f.lineno}" for f in frames[-3:]) + cause


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
