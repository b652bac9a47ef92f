"""Which encoding text is in, and what of it is no text."""

from __future__ import annotations

from pathlib import Path

from kolgraph.errors import InputError, UnknownFormat, option


def guess(path: Path, sample: bytes) -> str:
    """The encoding of the file that starts with `sample`: BOM, else strict UTF-8, else strict GB18030.

    Raises
    ------
    UnknownFormat
        It is no text.
    InputError
        It is in none of these.
    """
    if sample[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    if sample.count(b"\0") * 10 > len(sample):
        raise UnknownFormat(
            f"{path}: this is not a text file; if it is UTF-16 without a mark, add {option('encoding', 'utf-16-le')}"
        )
    for encoding in ("utf-8", "gb18030"):
        if _decodes(sample, encoding):
            return encoding
    # A damaged line in good UTF-8 is the row's problem, not the file's.
    rows = sample.splitlines()
    if sum(_decodes(row, "utf-8") for row in rows) * 2 > len(rows):
        return "utf-8"
    raise InputError(
        f"{path}: the text is neither UTF-8 nor GB18030; name its encoding, e.g. {option('encoding', 'big5')}"
    )


def without_surrogates(text: str) -> str:
    """Half an emoji is legal in JSON but no text: it becomes the sign for what cannot be shown."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _decodes(raw: bytes, encoding: str) -> bool:
    """Whether `raw` is valid, allowing for a character cut off at the end of the sample."""
    for cut in range(4):
        try:
            raw[: len(raw) - cut].decode(encoding)
            return True
        except UnicodeDecodeError as error:
            if error.start < len(raw) - 4:
                return False
    return False
