"""Writes aggregate.json: aggregates over tasks (Agarwal et al. 2021) computed with SciPy's statistics and NumPy's resampling.

Run: python make_aggregate.py   (numpy 2, scipy 1.17)
"""

import json
import pathlib

import numpy as np
from scipy import stats

rng = np.random.default_rng(11)
M, N = 5, 6
# Two algorithms, unlike in every figure: means, spreads, outliers, ties.
x = [np.round(rng.normal(m, s, N), 3) for m, s in [(1.0, 0.02), (0.8, 0.3), (0.95, 0.1), (0.4, 0.5), (1.1, 0.05)]]
y = [np.round(rng.normal(m, s, N + 1), 3) for m, s in [(0.99, 0.02), (0.5, 0.3), (0.97, 0.1), (0.6, 0.4), (0.2, 0.05)]]
x[0][:3] = 1.0
y[0][:2] = 1.0
y[4][0] = -9.0

B = 200_000


def resampled(tasks):
    """[M][B, N]"""
    return [t[rng.integers(len(t), size=(B, len(t)))] for t in tasks]


def interval(value, draws):
    low, high = np.quantile(draws, [0.025, 0.975])
    return {"mean": float(value), "low": float(low), "high": float(high), "error": float(np.std(draws))}


def iqm(tasks, axis=None):
    return stats.trim_mean(np.concatenate(tasks, axis=-1), 0.25, axis=axis)


def share_above(tasks, tau):
    return np.mean([np.mean(t > tau, axis=-1) for t in tasks], axis=0)


def improvement(a, b):
    return np.mean([stats.mannwhitneyu(p, q).statistic / (len(p) * len(q)) for p, q in zip(a, b)])


def improvement_of_rows(a, b):
    total = 0.0
    for p, q in zip(a, b):
        wins = np.zeros(B)
        for j in range(q.shape[1]):
            wins += np.sum(np.sign(p - q[:, j : j + 1]) * 0.5 + 0.5, axis=1)
        total = total + wins / (p.shape[1] * q.shape[1])
    return total / len(a)


X, Y = resampled(x), resampled(y)
out = {"x": [t.tolist() for t in x], "y": [t.tolist() for t in y]}
for name, tasks, rows in [("x", x, X), ("y", y, Y)]:
    taus = [-1.0, 0.5, 0.9, 1.0]
    out["of " + name] = {
        "mean": interval(np.mean([t.mean() for t in tasks]), np.mean([r.mean(axis=1) for r in rows], axis=0)),
        "iqm": interval(iqm(tasks), iqm(rows, axis=1)),
        "profile": [{"threshold": tau, **interval(share_above(tasks, tau), share_above(rows, tau))} for tau in taus],
    }
out["improvement"] = interval(improvement(x, y), improvement_of_rows(X, Y))

path = pathlib.Path(__file__).parent / "aggregate.json"
path.write_text(json.dumps(out) + "\n")
print(path.name, path.stat().st_size, "bytes")
