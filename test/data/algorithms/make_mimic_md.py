"""Reference values for Mimic-MD's convex programme: SciPy's LP solver on the definition itself, over random small worlds.

min_y sum |y - target|, y_h(s, a) = Pr_pi[off the known states by step h, in s, doing a], pi = known where known.
"""
import json
import numpy as np
from scipy.optimize import linprog

rng = np.random.default_rng(7)
cases = []
for S, A, H in [(3, 2, 4), (4, 3, 5), (5, 2, 7), (4, 2, 10), (6, 3, 6)]:
    P = rng.dirichlet(np.full(S, 0.4), size=(S, A)).round(3)
    P[..., -1] = 1 - P[..., :-1].sum(-1)
    P = np.abs(P)
    P /= P.sum(-1, keepdims=True)
    rho = rng.dirichlet(np.ones(S))
    expert = rng.integers(A, size=(H, S))
    known = np.where(rng.random((H, S)) < 0.55, expert, -1)
    # D_2: 30 trajectories of the expert
    target = np.zeros((H, S, A))
    n = 30
    for _ in range(n):
        s, escaped = rng.choice(S, p=rho), False
        for h in range(H):
            escaped |= known[h, s] < 0
            a = expert[h, s]
            if escaped:
                target[h, s, a] += 1 / n
            s = rng.choice(S, p=P[s, a])
    # what enters uncovered states from covered ones
    inside = np.where(known[0] >= 0, rho, 0)
    entering = [np.where(known[0] < 0, rho, 0)]
    for h in range(1, H):
        moved = sum(inside[s] * P[s, known[h - 1, s]] for s in range(S) if known[h - 1, s] >= 0)
        moved = moved if isinstance(moved, np.ndarray) else np.zeros(S)
        inside = np.where(known[h] >= 0, moved, 0)
        entering.append(np.where(known[h] < 0, moved, 0))
    index = lambda h, s, a: (h * S + s) * A + a
    N = H * S * A
    rows, b = [], []
    for h in range(H):
        for s in range(S):
            row = np.zeros(2 * N)
            for a in range(A):
                row[index(h, s, a)] = 1
            if h > 0:
                for s1 in range(S):
                    for a1 in range(A):
                        row[index(h - 1, s1, a1)] -= P[s1, a1, s]
            rows.append(row)
            b.append(entering[h][s])
    bounds = []
    for h in range(H):
        for s in range(S):
            for a in range(A):
                closed = known[h, s] >= 0 and known[h, s] != a
                bounds.append((0, 0 if closed else None))
    bounds += [(0, None)] * N  # |y - target|
    eye = np.eye(N)
    t = target.reshape(-1)
    A_ub = np.block([[eye, -eye], [-eye, -eye]])
    b_ub = np.concatenate([t, -t])
    c = np.concatenate([np.zeros(N), np.ones(N)])
    out = linprog(c, A_ub=A_ub, b_ub=b_ub, A_eq=np.array(rows), b_eq=b, bounds=bounds, method="highs")
    assert out.status == 0, out.message
    cases.append(dict(S=S, A=A, H=H, P=P.reshape(-1).tolist(), rho=rho.tolist(), known=known.reshape(-1).tolist(),
                      target=t.tolist(), optimum=out.fun))
json.dump(cases, open(__file__.replace("make_mimic_md.py", "mimic-md.json"), "w"))
print([case["optimum"] for case in cases])
