"""Reference values of tabular decision processes, by direct linear algebra in NumPy.

    python make_tabular.py > tabular.json

Nothing here is a recursion where linear algebra will do: the finite-horizon values of a policy are one linear system
over all (step, state) pairs, occupancies are the transposed system, the discounted optimum is the best of all
deterministic policies, tried one after the other. Soft fixed points are iterated in extended precision.
"""

import itertools
import json

import numpy as np


def instance(name, seed, S, A, H, gamma, temperature, scale=1.0, terminal=(), unavailable=(), density=1.0):
    rng = np.random.default_rng(seed)
    P = rng.dirichlet(np.ones(S), size=(S, A))
    if density < 1:
        keep = rng.random((S, A, S)) < density
        keep[np.arange(S)[:, None], np.arange(A)[None, :], rng.integers(S, size=(S, A))] = True
        P = P * keep
        P /= P.sum(-1, keepdims=True)
    r3 = scale * rng.normal(size=(S, A, S))
    rho = rng.dirichlet(np.ones(S))
    logits = rng.normal(size=(2, H, S, A))
    for s in terminal:
        P[s] = 0
        P[s, :, s] = 1
        r3[s] = 0
    for s, a in unavailable:
        P[s, a] = 0
        r3[s, a] = 0
        logits[:, :, s, a] = -np.inf
    pis = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    ok = P.sum(-1) > 0
    r = (P * r3).sum(-1)
    out = dict(name=name, S=S, A=A, H=H, gamma=gamma, temperature=temperature, terminal=list(terminal), P=flat(P), r=flat(r3),
               rho=flat(rho), pi=flat(pis[0]), other=flat(pis[1]))

    # finite horizon, both without and with the discount
    for label, g in (("undiscounted", 1.0), ("both", gamma)):
        V, Q, d = timed(P, r, rho, pis[0], H, g)
        V2, Q2, d2 = timed(P, r, rho, pis[1], H, g)
        w = g ** np.arange(H)
        gap = rho @ V[0] - rho @ V2[0]
        diff = np.where(ok, pis[0] - pis[1], 0)
        out[label] = dict(V=flat(V), Q=flat(Q[:, ok]), d=flat(d), gap=gap,
                          expert_form=float((w[:, None] * d * (diff * np.where(ok, Q2, 0)).sum(-1)).sum()),
                          learner_form=float((w[:, None] * d2 * (diff * np.where(ok, Q, 0)).sum(-1)).sum()))
        VO = np.zeros((H + 1, S))
        VS = np.zeros((H + 1, S))
        PS = np.zeros((H, S, A))
        for h in reversed(range(H)):
            q = np.where(ok, r + g * P @ VO[h + 1], -np.inf)
            VO[h] = q.max(-1)
            q = np.where(ok, r + g * P @ VS[h + 1], -np.inf)
            VS[h] = temperature * np.logaddexp.reduce(q / temperature, axis=-1)
            VS[h, list(terminal)] = 0
            PS[h] = np.exp((q - VS[h][:, None]) / temperature)
            PS[h, list(terminal)] = 1 / A
        out[label].update(optimal_V=flat(VO), soft_V=flat(VS), soft_pi=flat(PS))

    # discounted
    pi = pis[0][0]
    V, d = stationary(P, r, rho, pi, gamma)
    best = None
    for choice in itertools.product(range(A), repeat=S):
        if not all(ok[s, a] for s, a in enumerate(choice)):
            continue
        W, _ = stationary(P, r, rho, np.eye(A)[list(choice)], gamma)
        best = W if best is None else np.maximum(best, W)
    L = np.longdouble
    soft = np.zeros(S, dtype=L)
    for _ in range(6000):
        q = np.where(ok, r.astype(L) + L(gamma) * (P.astype(L) @ soft), -np.inf)
        m = q.max(-1)
        soft = m + L(temperature) * np.log(np.exp((q - m[:, None]) / L(temperature)).sum(-1))
        soft[list(terminal)] = 0
    soft_pi = np.exp((q - soft[:, None]) / L(temperature))
    soft_pi[list(terminal)] = 1 / A
    out["discounted"] = dict(V=flat(V), d=flat(d), optimal_V=flat(best), soft_V=flat(soft.astype(float)),
                             soft_pi=flat(soft_pi.astype(float)))
    return out


def timed(P, r, rho, pi, H, g):
    """V, Q and d of a time-dependent policy, from one linear system over all (step, state) pairs."""
    S, A = r.shape
    n = H * S
    T = np.zeros((n, n))
    b = np.zeros(n)
    for h in range(H):
        b[h * S:(h + 1) * S] = (pi[h] * r).sum(-1)
        if h + 1 < H:
            T[h * S:(h + 1) * S, (h + 1) * S:(h + 2) * S] = np.einsum("sa,sat->st", pi[h], P)
    V = np.vstack([np.linalg.solve(np.eye(n) - g * T, b).reshape(H, S), np.zeros(S)])
    start = np.zeros(n)
    start[:S] = rho
    d = np.linalg.solve(np.eye(n) - T.T, start).reshape(H, S)
    Q = np.stack([r + g * P @ V[h + 1] for h in range(H)])
    return V, Q, d


def stationary(P, r, rho, pi, gamma):
    S = len(rho)
    T = np.einsum("sa,sat->st", pi, P)
    V = np.linalg.inv(np.eye(S) - gamma * T) @ (pi * r).sum(-1)
    d = (1 - gamma) * np.linalg.inv(np.eye(S) - gamma * T).T @ rho
    return V, d


def flat(x):
    return [float(v) for v in np.asarray(x).ravel()]


print(json.dumps([
    instance("dense", 1, 6, 3, 5, 0.9, 0.5),
    instance("sparse, with terminal states and unavailable actions", 2, 7, 3, 6, 0.95, 1.0, terminal=(3, 6),
             unavailable=((0, 1), (2, 0), (2, 2)), density=0.4),
    instance("rewards of a million", 3, 5, 2, 8, 0.99, 2e5, scale=1e6),
    instance("one action, one step", 4, 4, 1, 1, 0.5, 3.0),
    instance("low temperature", 5, 5, 4, 7, 0.8, 1e-2, density=0.6),
], separators=(",", ":")))
