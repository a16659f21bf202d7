"""Writes statistics.json: reference values from SciPy for intervals and tests.

Run: python make_statistics.py   (numpy 2, scipy 1.17)
"""

import json
import pathlib

import numpy as np
from scipy import stats

rng = np.random.default_rng(7)
x = np.round(rng.gamma(1.5, 20.0, 40), 3)  # skewed
y = np.round(rng.normal(25.0, 9.0, 30), 3)
after = np.round(x + rng.normal(2.0, 5.0, 40), 3)
flips = (rng.random(60) < 0.15).astype(float)  # many ties
tasks = [np.round(rng.normal(m, 1.0 + m, 12), 3) for m in (0.0, 1.0, 5.0)]

B = 400_000


def mean_difference(a, b, axis=-1):
    return np.mean(a, axis=axis) - np.mean(b, axis=axis)


def ends(data, statistic, method, level=0.95):
    found = stats.bootstrap(data, statistic, n_resamples=B, batch=20_000, method=method, confidence_level=level, vectorized=True, rng=1)
    return [found.confidence_interval.low, found.confidence_interval.high]


out = {"x": x.tolist(), "y": y.tolist(), "after": after.tolist(), "flips": flips.tolist(), "tasks": [t.tolist() for t in tasks]}
out["intervals"] = [
    {"what": what, "method": method, "confidence": level, "error": error, "ends": ends(data, statistic, method, level)}
    for what, data, statistic, error in [
        ("x", (x,), np.mean, stats.sem(x)),
        ("flips", (flips,), np.mean, stats.sem(flips)),
        ("x - y", (x, y), mean_difference, np.hypot(stats.sem(x), stats.sem(y))),
        ("after - x, paired", (after - x,), np.mean, stats.sem(after - x)),
    ]
    for method in ("percentile", "BCa")
    for level in (0.95, 0.8)
]
pooled = np.concatenate(tasks)
resampled = np.concatenate([rng.choice(t, (B, 12)) for t in tasks], axis=1)
out["iqm"] = {
    "mean": stats.trim_mean(pooled, 0.25),
    "error": float(np.std(stats.trim_mean(resampled, 0.25, axis=1))),
    "ends": np.quantile(stats.trim_mean(resampled, 0.25, axis=1), [0.025, 0.975]).tolist(),
}
out["wilson"] = []
for k, n, level in [(0, 10, 0.95), (3, 10, 0.95), (10, 10, 0.95), (57, 100, 0.9), (1, 1000, 0.99)]:
    found = stats.binomtest(k, n).proportion_ci(confidence_level=level, method="wilson")
    out["wilson"].append([k, n, level, found.low, found.high])
# Student's: t with P(|T| <= t) = level, and the intervals of a mean and of Welch's difference.
out["student"] = [[level, nu, stats.t.ppf((1 + level) / 2, nu)] for level in (0.5, 0.8, 0.95, 0.999) for nu in (1, 2, 3, 4, 9, 19, 28)]
out["few"] = []
for n in (2, 3, 7, 20):
    for level in (0.95, 0.8):
        found = stats.ttest_1samp(x[:n], 0).confidence_interval(level)
        out["few"].append({"n": n, "confidence": level, "ends": [found.low, found.high]})


def permuted(a, b, alternative, paired, **options):
    kind = "samples" if paired else "independent"
    if alternative == "two-sided":  # SciPy doubles the smaller tail; here the absolute value is the statistic

        def statistic(p, q, axis=-1):
            return np.abs(mean_difference(p, q, axis))

        side = "greater"
    else:
        statistic, side = mean_difference, alternative
    return stats.permutation_test((a, b), statistic, permutation_type=kind, alternative=side, vectorized=True, **options).pvalue


small = (x[:6], y[:5] + 8)
out["permutation"] = []
for alternative in ("two-sided", "greater", "less"):
    out["permutation"].append({"x": small[0].tolist(), "y": small[1].tolist(), "alternative": alternative, "paired": False, "exact": True, "p": permuted(*small, alternative, False, n_resamples=np.inf)})
    out["permutation"].append({"x": after[:9].tolist(), "y": x[:9].tolist(), "alternative": alternative, "paired": True, "exact": True, "p": permuted(after[:9], x[:9], alternative, True, n_resamples=np.inf)})
    out["permutation"].append({"x": x.tolist(), "y": y.tolist(), "alternative": alternative, "paired": False, "exact": False, "p": permuted(x, y, alternative, False, n_resamples=B, batch=20_000, rng=2)})

points = [-37, -10, -6.5, -3.0001, -2.9999, -1.96, -0.3, 0, 1e-9, 0.7, 2, 5, 8]
out["cdf"] = [[p, stats.norm.cdf(p)] for p in points]
out["quantile"] = [[p, stats.norm.ppf(p)] for p in [1e-300, 1e-20, 1e-6, 0.02425, 0.1, 0.3, 0.5, 0.77, 0.975, 1 - 1e-9]]

path = pathlib.Path(__file__).parent / "statistics.json"
path.write_text(json.dumps(out, default=float) + "\n")
print(path.name, path.stat().st_size, "bytes")
