"""Who will be retweeted, from totals of the past: accounts that posted low-credibility links on Twitter, 2020."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from kolgraph.influence import fit_hurdle
from tests.bench.validation.metrics import F64, Cases, Told, compare, lines

DATA = Path(__file__).parents[4] / "shared" / "data" / "influence"
#: Retweets of all such links from March to October 2020, of which `later_share` is a share.
LATER = 24_236_695
FOLDS = 5
#: What was known in February; `status` is not: it was asked after the outcome.
KNOWN = ["followers", "past_retweets", "h_index"]


def read(folder: Path = DATA) -> tuple[pd.DataFrame, F64]:
    """What was known of every account, and its later retweets."""
    table = pd.read_csv(folder / "lowcred_accounts_dev.csv.gz")
    return table[KNOWN], np.rint(table["later_share"].to_numpy(np.float64) * LATER)


def forecasts(known: pd.DataFrame, later: F64) -> dict[str, Told]:
    """Every account foretold from the other four fifths of them; fold = row number % 5."""
    fold = np.arange(len(known)) % FOLDS
    logs = np.log1p(known.assign(later=later))
    lines = {name: np.empty(len(known)) for name in KNOWN}
    hurdle = pd.DataFrame(np.nan, index=known.index, columns=["score", "expected_log", "chance"])
    for part in range(FOLDS):
        test, train = fold == part, fold != part
        model = fit_hurdle(known[train], later[train], past="past_retweets", followers="followers")
        hurdle[test] = model.predict(known[test])
        for name, line in lines.items():
            line[test] = np.polyval(np.polyfit(logs[name][train], logs["later"][train], 1), logs[name][test])
    told = {name: Told(known[name].to_numpy(np.float64), line) for name, line in lines.items()}
    score, expected = (hurdle[name].to_numpy(np.float64) for name in ("score", "expected_log"))
    return {
        "followers": told["followers"],
        "past": told["past_retweets"],
        "h-index": told["h_index"],
        "hurdle": Told(score, expected),
    }


def main(folder: Path = DATA, *, times: int = 1000) -> None:
    """Print the table; without the data that is said."""
    if not (folder / "lowcred_accounts_dev.csv.gz").exists():
        print("  LEFT OUT: the accounts are not here (shared/data/influence)")
        return
    known, later = read(folder)
    print(f"Low credibility, retweets from March to October 2020 of {len(known):,} accounts, from January and February")
    cases = Cases(np.arange(later.size), later)
    print("\n".join(lines(compare(cases, forecasts(known, later), ["followers", "past"], times=times))))
