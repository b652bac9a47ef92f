"""Who says the same words: texts that hardly anybody else uses, and how often each account uses them.

What stands behind ``//@`` was written by others, and "转发微博" by the platform: neither is anybody's own. Of the rest
only letters and digits count, so that a face, a name or an address more does not make another text of it. Texts of
eight letters and more are the same if most of their pieces of three letters are.

A text is evidence against its own frequency: if c of m accounts used it, another one does so by chance once in m / c
times, which is worth log2(m / c) bits. "哈哈哈哈" says next to nothing, the template of a campaign much.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kolgraph.errors import InputError
from kolgraph.workspace.texts import NAME, NO_WORDS, OTHERS, REPLY, URL

I64 = NDArray[np.int64]
F64 = NDArray[np.float64]

_WORD = r"\w\-·・"  # the letters of names as Python writes them


def _python(pattern: str) -> str:
    return pattern.replace(NAME, f"[{_WORD}]+")


_NOT_OWN = re.compile(_python(OTHERS), re.DOTALL)
_ANSWERED = re.compile(_python(REPLY))
_NO_WORD = re.compile(rf"</?[A-Za-z][^<>]*>|&#?\w+;|\[[^\[\]]*\]|{URL}|[@＠][{_WORD}]+")
_STOCK = re.compile(NO_WORDS)
#: Letters of a piece, and of the shortest text that is compared by pieces: a shorter one is the same or another.
_PIECE, _LEAST = 3, 8
#: Draws of a signature, and how many of them fall into one band. Texts of which half the pieces are the same agree in
#: `_NEAR` draws once in 300 times, such with nine of ten nearly always.
_DRAWS, _BAND, _NEAR = 32, 4, 24
#: Letters that are worked on at once: memory is bounded by this, not by the number of texts.
_CHUNK = 1 << 20


def own_words(text: str) -> str:
    """Letters and digits of what the writer of a text wrote; empty for none, and for what platforms write.

    Examples
    --------
    >>> own_words("好东西要分享！[赞]//@甲:看这里"), own_words("转发微博"), own_words("回复@乙: Nice  ONE")
    ('好东西要分享', '', 'niceone')
    """
    own = _NO_WORD.sub("", _ANSWERED.sub("", _NOT_OWN.sub("", text)))
    words = "".join(sign for sign in unicodedata.normalize("NFKC", own).lower() if sign.isalnum())
    return "" if _STOCK.fullmatch(words) else words


def same_words(texts: Iterable[str | None]) -> I64:
    """Number the texts so that same and nearly same ones have one number.

    Parameters
    ----------
    texts : iterable of str, length n
        As they were written; None where nobody knows.

    Returns
    -------
    ndarray, shape (n,), int64
        In order of first appearance; -1 where there are no own words, -2 where there is no text.

    Notes
    -----
    O(letters), each text looked at once; 128 bytes per distinct text. MinHash of pieces of three letters (Broder 1997).

    Examples
    --------
    >>> said = ["今天的面膜真的好用推荐给大家", "今天的面膜真的好用推荐给大家呀", "转发微博", "马住", None, "马住！"]
    >>> same_words(said).tolist()
    [0, 0, -1, 1, -2, 1]
    """
    import pandas as pd

    raw, written = pd.factorize(np.array(list(texts), dtype=object), use_na_sentinel=True)
    words, distinct = pd.factorize(np.array([own_words(str(text)) for text in written], dtype=object))
    group = _near([str(text) for text in distinct])
    empty = np.flatnonzero(distinct == "")
    group[empty] = -1
    found = np.full(raw.size, -2, dtype=np.int64)
    found[raw >= 0] = group[words[raw[raw >= 0]]]
    said = found >= 0
    found[said] = pd.factorize(found[said])[0]
    return found


def _near(texts: list[str]) -> I64:
    """A number per distinct text, the same for texts that are nearly the same."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(texts)
    length = np.array([len(text) for text in texts], dtype=np.int64)
    rows = np.flatnonzero(length >= _LEAST)
    if rows.size < 2:
        return np.arange(n)
    signature = np.concatenate(
        [_signatures([texts[i] for i in part]) for part in _chunks(rows, np.cumsum(length[rows]) // _CHUNK)]
    )
    links: list[NDArray[np.int64]] = []
    for start in range(0, _DRAWS, _BAND):
        _, bucket = np.unique(signature[:, start : start + _BAND], axis=0, return_inverse=True)
        order = np.argsort(bucket.ravel(), kind="stable")
        first = order[np.searchsorted(bucket.ravel()[order], bucket.ravel())]
        near = (signature == signature[first]).sum(axis=1) >= _NEAR
        links.append(np.column_stack([rows, rows[first]])[near])
    a, b = np.concatenate(links).T
    return np.asarray(connected_components(coo_array((np.ones(a.size), (a, b)), shape=(n, n)))[1], dtype=np.int64)


def _chunks(rows: I64, number: I64) -> list[I64]:
    return np.split(rows, np.flatnonzero(np.diff(number)) + 1)


def _signatures(texts: list[str]) -> NDArray[np.uint32]:
    """The least of the hashed pieces of every text under each draw, shape (texts, `_DRAWS`)."""
    letters = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    length = np.array([len(text) for text in texts])
    end = np.cumsum(length)
    whole = np.ones(letters.size, bool)  # a piece must not reach into the next text
    for back in range(1, _PIECE):
        whole[end - back] = False
    at = np.flatnonzero(whole)
    piece = np.zeros(at.size, dtype=np.uint64)
    for step in range(_PIECE):
        piece = piece * np.uint64(0x100000001B3) + letters[at + step]
    piece = _mixed(piece)
    start = np.concatenate([[0], np.cumsum(length - _PIECE + 1)[:-1]])
    salts = np.random.default_rng(0).integers(1, 2**63, _DRAWS, dtype=np.uint64)
    least = [np.minimum.reduceat((_mixed(piece ^ salt) >> np.uint64(32)).astype(np.uint32), start) for salt in salts]
    return np.column_stack(least)


def _mixed(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64: every bit depends on every bit (Steele, Lea & Flood, OOPSLA 2014)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(x ^ (x >> np.uint64(31)))


@dataclass(frozen=True, eq=False)
class Shared:
    """Evidence from shared texts (or topics, or links: whatever has a number).

    Attributes
    ----------
    bits : ndarray, shape (n,), float64
        Per account, every use of a text that others use as well times its bits; NaN without any text.
    texts : ndarray, shape (t,), int64
        Texts that at least two accounts used, the most surprising first: each is a block.
    users : ndarray, shape (t,), int64
        Accounts that used it.
    block_bits : ndarray, shape (t,), float64
        What the text says of its users together: one of them is free, each further one costs log2(m / users).
    pairs : ndarray, shape (p, 2), int64
        Accounts that share texts, the lower row first.
    pair_bits : ndarray, shape (p,), float64
        Each shared text once, however often either used it.
    capped : ndarray, int64
        Texts of so many accounts that their pairs were not made; they count in `bits` and as blocks.
    """

    bits: F64
    texts: I64
    users: I64
    block_bits: F64
    pairs: I64
    pair_bits: F64
    capped: I64


def shared(account: ArrayLike, text: ArrayLike, uses: ArrayLike | None = None, *, n: int, max_pairs: int) -> Shared:
    """Weigh who uses the same texts.

    Parameters
    ----------
    account, text : array_like, shape (rows,), int
        Rows of accounts and numbers of texts (`same_words`), one row per use; negative ones are left out.
    uses : array_like, shape (rows,), optional
        How often, where a row stands for several; default 1.
    n : int
        Accounts there are.
    max_pairs : int
        Pairs that are made at most before they are summed, rarest texts first; 0 for none. The rest is in `capped`.

    Returns
    -------
    Shared

    Raises
    ------
    InputError
        Columns that differ in length, or an account beyond n.

    Notes
    -----
    O(rows log rows + max_pairs log max_pairs) time; a text of a million accounts costs a million rows, not its pairs.

    Examples
    --------
    >>> found = shared([0, 0, 1, 2, 3], [7, 7, 7, 8, 9], n=5, max_pairs=10)
    >>> found.bits.tolist(), found.pairs.tolist(), found.pair_bits.tolist()
    ([2.0, 1.0, 0.0, 0.0, nan], [[0, 1]], [1.0])
    """
    who, what = np.asarray(account, dtype=np.int64), np.asarray(text, dtype=np.int64)
    times = np.ones(who.size) if uses is None else np.asarray(uses, dtype=np.float64)
    if not who.shape == what.shape == times.shape or (who.size and int(who.max()) >= n):
        raise InputError(f"account, text and uses need equal lengths, and accounts below {n:,}")
    there = (who >= 0) & (what >= 0)
    who, what, times = who[there], what[there], times[there]
    names, code = np.unique(what, return_inverse=True)
    key, row = np.unique(code * np.int64(n) + who, return_inverse=True)
    times = np.bincount(row, weights=times, minlength=key.size).astype(np.float64)
    code, who = key // n, key % n
    users = np.bincount(code, minlength=names.size)
    told = np.bincount(who, minlength=n) > 0
    worth = np.where(users > 1, np.log2(max(int(told.sum()), 1) / np.maximum(users, 1)), 0.0).astype(np.float64)
    bits = np.where(told, np.bincount(who, weights=times * worth[code], minlength=n), np.nan)

    order = np.lexsort((names, users))
    order = order[users[order] > 1]
    fits = np.cumsum(users[order] * (users[order] - 1) // 2) <= max_pairs
    pairs, pair_bits = _pairs(code, who, np.isin(code, order[fits]), worth, n)
    blocks = order[np.argsort(-(users[order] - 1) * worth[order], kind="stable")]
    return Shared(
        bits=bits,
        texts=names[blocks],
        users=users[blocks],
        block_bits=np.asarray((users[blocks] - 1) * worth[blocks], dtype=np.float64),
        pairs=pairs,
        pair_bits=pair_bits,
        capped=names[order[~fits]],
    )


def _pairs(code: I64, who: I64, keep: NDArray[np.bool_], worth: F64, n: int) -> tuple[I64, F64]:
    """Pairs of accounts with a text in common, and its bits, summed; rows are sorted by text, then account."""
    code, who = code[keep], who[keep]
    keys, bits = [np.empty(0, np.int64)], [np.empty(0)]
    at = np.arange(code.size)
    for step in range(1, code.size):
        at = at[at + step < code.size]
        at = at[code[at] == code[at + step]]
        if not at.size:
            break
        keys.append(who[at] * np.int64(n) + who[at + step])
        bits.append(worth[code[at]])
    found, place = np.unique(np.concatenate(keys), return_inverse=True)
    total = np.bincount(place, weights=np.concatenate(bits), minlength=found.size).astype(np.float64)
    return np.column_stack([found // n, found % n]), total
