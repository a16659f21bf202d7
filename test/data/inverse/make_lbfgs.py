"""Optima for the test of L-BFGS, by SciPy, and with an L1 term by long accelerated proximal descent.

    python make_lbfgs.py > lbfgs.json
"""

import json

import numpy as np
from scipy.optimize import minimize

rng = np.random.default_rng(0)
n, F = 40, 6
X = rng.normal(size=(n, F)) * np.array([1, 3, 0.1, 1, 10, 1])
y = np.where(rng.random(n) < 1 / (1 + np.exp(-X @ np.array([1, 0, 2, -1, 0, 0]))), 1.0, -1.0)


def logistic(w, l2):
    z = y * (X @ w)
    loss = np.logaddexp(0, -z).sum() + l2 / 2 * w @ w
    return loss, X.T @ (-y / (1 + np.exp(z))) + l2 * w


def rosenbrock(x):
    a, b = x[1:] - x[:-1] ** 2, 1 - x[:-1]
    g = np.zeros_like(x)
    g[:-1] += -400 * x[:-1] * a - 2 * b
    g[1:] += 200 * a
    return (100 * a ** 2 + b ** 2).sum(), g


def newton(l2):
    w = np.zeros(F)
    for _ in range(100):
        p = 1 / (1 + np.exp(-X @ w))
        H = (X * (p * (1 - p))[:, None]).T @ X + l2 * np.eye(F)
        w = w - np.linalg.solve(H, logistic(w, l2)[1])
    return w


def proximal(l1):
    L = np.linalg.norm(X, 2) ** 2 / 4
    w = v = np.zeros(F)
    t = 1.0
    for _ in range(400000):
        g = logistic(v, 0)[1]
        u = v - g / L
        new = np.sign(u) * np.maximum(np.abs(u) - l1 / L, 0)
        if (v - new) @ (new - w) > 0:
            t = 1.0
        s = (1 + np.sqrt(1 + 4 * t * t)) / 2
        v = new + (t - 1) / s * (new - w)
        w, t = new, s
    return w


options = dict(method="L-BFGS-B", jac=True, options=dict(maxiter=10000, ftol=0, gtol=1e-10, maxcor=10))
start = np.full(10, -1.2)
ros = minimize(rosenbrock, start, **options)
log = minimize(lambda w: logistic(w, 0.5), np.zeros(F), **options)
assert np.abs(log.x - newton(0.5)).max() < 1e-7
print(json.dumps(dict(
    X=X.ravel().tolist(), y=y.tolist(), n=n, F=F,
    rosenbrock=dict(start=start.tolist(), x=ros.x.tolist(), value=float(ros.fun), evaluations=int(ros.nfev)),
    logistic=dict(l2=0.5, w=newton(0.5).tolist(), value=float(logistic(newton(0.5), 0.5)[0]), evaluations=int(log.nfev)),
    sparse=dict(l1=3.0, w=proximal(3.0).tolist()),
), separators=(",", ":")))
