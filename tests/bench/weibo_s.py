"""Labelled data: weibo_s (users x hashtags with counts, 868 of 8,405 suspicious), and MIB as a warning on transfer.

The score without labels is `kolgraph.rings.views.text.shared`: every use of a hashtag that others use as well, times
log2(users / users of it). What saw the labels: some twenty sums were compared on all users first, of which those that
left out hubs taught that hubs must count less; then some thirty on the half ``seen`` (an even CRC-32 of the number),
four of them of this kind, of which the simplest was taken and not the best (.954 there). The half ``apart`` had no part
in that. The labels may come from posting together (unverified), which favours activity: it stands beside every result.
"""

from __future__ import annotations

import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kolgraph.rings.bipartite import Bipartite
from kolgraph.rings.labels import learn
from kolgraph.rings.views.text import shared

DATA = Path(__file__).parents[3] / "shared" / "data" / "rings"
PEERS = ("fraudar", "lockinfer", "catchsync", "feagle", "rev2")


def scores(edges: pd.DataFrame, n: int) -> tuple[pd.DataFrame, np.ndarray[Any, Any]]:
    """Columns of every user: activity, the score without labels, and what else its posting looks like."""
    user, item, uses = edges["user"].to_numpy(), edges["hashtag"].to_numpy(), edges["n"].to_numpy(float)

    def total(values: Any) -> Any:
        return np.bincount(user, weights=values, minlength=n)

    users = np.bincount(item)[item]
    others = np.divide(np.bincount(item, uses)[item] - uses, users - 1, out=np.zeros(uses.size), where=users > 1)
    activity, kinds = total(uses), np.bincount(user, minlength=n)
    table = pd.DataFrame({"activity": activity, "hashtags": kinds})
    table["shared"] = shared(user, item, uses, n=n, max_pairs=0).bits
    table["per_use"] = table["shared"] / activity
    table["alone"] = total(uses * (users == 1)) / activity
    table["most"] = pd.Series(uses).groupby(user).max()
    table["entropy"] = -total(uses * np.log2(uses / activity[user])) / activity
    table["rarity"] = total(np.log2(n / users)) / kinds
    table["others"] = total(uses * others) / activity
    graph, known, _ = Bipartite.build(user, item)
    circle = np.full(n, -1)
    for number, nodes in enumerate(graph.communities(2.0, seed=1)):
        circle[known[nodes[nodes < graph.m]]] = number
    return table, circle


def main() -> None:
    """Print average precision without and with labels, beside the published peers and activity."""
    from sklearn.ensemble import IsolationForest
    from sklearn.metrics import average_precision_score, roc_auc_score

    warnings.filterwarnings("ignore", category=UserWarning)
    if not (DATA / "weibo_s_edges.csv.gz").exists():
        print("  LEFT OUT: the data are not here (shared/data/rings)")
        return
    told = pd.read_csv(DATA / "weibo_s_labels.csv.gz").sort_values("user")
    fake = told["suspicious"].to_numpy() == 1
    table, circle = scores(pd.read_csv(DATA / "weibo_s_edges.csv.gz"), len(told))
    seen = np.array([zlib.crc32(str(user).encode()) % 2 == 0 for user in told["user"]])
    print(
        "weibo_s without labels: average precision of all users, of the half seen, of the half kept apart; AUC of all"
    )
    columns = {"kolgraph, shared hashtags": table["shared"], "activity alone": table["activity"]}
    columns |= {f"published {name}": told[f"peer_{name}"] for name in PEERS}
    columns |= {f"published {name}, its scores": told[f"peer_score_{name}"] for name in PEERS[:2]}
    for name, column in columns.items():
        score = column.to_numpy(float)
        parts = [average_precision_score(fake[of], score[of]) for of in (seen | True, seen, ~seen)]
        print(f"  {name:28s} {parts[0]:.3f} {parts[1]:.3f} {parts[2]:.3f}  {roc_auc_score(fake, score):.3f}")
    print("weibo_s with labels, 5-fold, calibrated; intervals over groups")
    for name, features, groups in (
        ("all columns, users apart", table, np.arange(len(told))),
        ("all columns, communities apart", table, circle),
        ("activity and hashtags alone", table[["activity", "hashtags"]], np.arange(len(told))),
    ):
        found = learn(features, fake, groups, seed=1)
        print(f"  {name:32s} {found.lines()[1]}")
    print(found.lines()[2])
    accounts = pd.read_csv(DATA / "mib_e13_vs_int_accounts.csv.gz")
    counts = accounts.filter(regex="_count$").astype(float)
    odd = -IsolationForest(random_state=0).fit(counts).score_samples(counts)
    inside = learn(counts, accounts["fake"], np.arange(len(accounts)), seed=1)
    print("MIB E13 against INT: why anomaly is not fake, and why a figure inside one set says little of another")
    print(f"  IsolationForest on {counts.shape[1]} counts  AUC {roc_auc_score(accounts['fake'], odd):.3f}")
    print(f"  kolgraph, its own labels      {inside.lines()[1]}")


if __name__ == "__main__":
    main()
