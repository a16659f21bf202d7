"""Reference values of maximum-entropy inverse reinforcement learning on random decision processes.

    python make_maxent.py > maxent.json

Causal entropy: the soft Bellman recursion in torch (float64), its gradients by automatic differentiation, never by the
occupancy measures that they are claimed to be. Entropy over paths: every path is listed, its weight
exp(sum of rewards) times its transition probabilities computed, and normaliser, feature counts and action probabilities
are sums over the list. Occupancies come from powers of the transition matrix.
"""

import itertools
import json

import numpy as np
import torch

torch.set_default_dtype(torch.float64)


def flat(x):
    return [float(v) for v in np.asarray(x.detach() if torch.is_tensor(x) else x).ravel()]


def process(seed, S, A, terminal=(), unavailable=(), density=1.0, deterministic=False):
    rng = np.random.default_rng(seed)
    if deterministic:
        P = np.eye(S)[rng.integers(S, size=(S, A))]
    else:
        P = rng.dirichlet(np.ones(S), size=(S, A))
        keep = rng.random((S, A, S)) < density
        keep[np.arange(S)[:, None], np.arange(A)[None, :], rng.integers(S, size=(S, A))] = True
        P = P * keep
        P /= P.sum(-1, keepdims=True)
    for s in terminal:
        P[s] = 0
        P[s, :, s] = 1
    for s, a in unavailable:
        P[s, a] = 0
    rho = rng.dirichlet(np.ones(S))
    return rng, P, rho, P.sum(-1) > 0


def by_entries(P, values):
    """A table [S, A, S', ...] cut down to the transitions that can happen, in row-major order."""
    return values[P > 0]


def rewards(P, over, phi, w, terminal):
    """r(s, a, s') of all transitions, from features over s, sa or sas ([S, F], [S, A, F], [S, A, S', F])."""
    S, A, _ = P.shape
    r = phi @ w
    r = {"s": lambda: r[:, None, None].expand(S, A, S), "sa": lambda: r[:, :, None].expand(S, A, S), "sas": lambda: r}[over]()
    alive = torch.ones(S)
    alive[list(terminal)] = 0
    return r * alive[:, None, None]


def soft(P, r3, ok, terminal, H, gamma):
    """V [H + 1, S] and pi [H, S, A] of the soft Bellman recursion."""
    S, A, _ = P.shape
    P = torch.tensor(P)
    alive = torch.ones(S)
    alive[list(terminal)] = 0
    V = torch.zeros(S)
    Vs, pis = [V], []
    for _ in range(H):
        Q = (P * (r3 + gamma * V)).sum(-1)
        Q = torch.where(torch.tensor(ok), Q, -torch.inf)
        V = torch.logsumexp(Q, -1)
        pis.append(torch.exp(Q - V[:, None]))
        V = V * alive
        Vs.append(V)
    return torch.stack(Vs[::-1]), torch.stack(pis[::-1])


def occupancies(P, rho, pi, H):
    d, out = rho, []
    for h in range(H):
        dsa = d[:, None] * pi[h]
        out.append(dsa)
        d = np.einsum("sa,sat->t", dsa, P)
    return np.stack(out)


def random_policy(rng, ok, H):
    logits = np.where(ok, rng.normal(size=(H, *ok.shape)), -np.inf)
    return np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)


def sample(rng, P, rho, pi, terminal, T, H):
    """A path of T steps, or until it ends."""
    S, A, _ = P.shape
    s = int(rng.choice(S, p=rho))
    states, actions = [s], []
    for h in range(T):
        a = int(rng.choice(A, p=pi[min(h, H - 1), s]))
        s = int(rng.choice(S, p=P[s, a]))
        actions.append(a)
        states.append(s)
        if s in terminal:
            break
    return states, actions


def causal(name, seed, S, A, H, gamma, over, F=3, terminal=(), unavailable=(), density=1.0, deterministic=False, discounted=False):
    rng, P, rho, ok = process(seed, S, A, terminal, unavailable, density, deterministic)
    shape = {"s": (S,), "sa": (S, A), "sas": (S, A, S)}[over]
    phi = rng.normal(size=(*shape, F))
    w = torch.tensor(rng.normal(size=F), requires_grad=True)
    expert = random_policy(rng, ok, 1 if discounted else H)
    steps = 900 if discounted else H
    r3 = rewards(P, over, torch.tensor(phi), w, terminal)
    V, pi = soft(P, r3, ok, terminal, steps, gamma)
    if discounted:
        expert_steps = np.repeat(expert, steps, 0)
        V, pi = V[0], pi[0]
        own = np.repeat(pi.detach().numpy()[None], steps, 0)
        first = V
    else:
        expert_steps, own, first = expert, np.nan_to_num(pi.detach().numpy()), V[0]
    weights = gamma ** np.arange(steps)

    def counts(policy):
        dsa = occupancies(P, rho, policy, steps)
        d3 = np.einsum("h,hsa,sat->sat", weights, dsa, P)
        d3[list(terminal)] = 0
        if over == "s":
            return np.einsum("sat,sf->f", d3, phi), dsa
        return (np.einsum("sat,saf->f", d3, phi) if over == "sa" else np.einsum("sat,satf->f", d3, phi)), dsa

    expert_counts, expert_dsa = counts(expert_steps)
    own_counts, own_dsa = counts(own)
    J = torch.tensor(expert_counts) @ w - torch.tensor(rho) @ first
    J.backward()
    out = dict(name=name, S=S, A=A, H=None if discounted else H, gamma=gamma, over=over, terminal=list(terminal), P=flat(P),
               rho=flat(rho), phi=flat(by_entries(P, phi) if over == "sas" else phi), w=flat(w), expert=flat(expert),
               V=flat(V), expert_counts=flat(expert_counts), counts=flat(own_counts), J=float(J), gradient=flat(w.grad))
    pi = pi.detach().numpy().copy()
    pi[..., list(terminal), :] = 1 / A
    out["pi"] = flat(pi)
    out["d"] = flat(np.einsum("h,hs->s", (1 - gamma) * weights, own_dsa.sum(-1)) if discounted else own_dsa.sum(-1))

    # demonstrations, some of them cut short: the likelihood of a path with each transition's expectation in its place
    demos = [sample(rng, P, rho, expert_steps, terminal, T, steps) for T in rng.integers(1, (H if not discounted else 12) + 1, size=6)]
    v = torch.tensor(w.detach().numpy(), requires_grad=True)
    r3 = rewards(P, over, torch.tensor(phi), v, terminal)
    V, pi = soft(P, r3, ok, terminal, steps, gamma)
    J = log_likelihood = 0.0
    for states, actions in demos:
        T = len(actions)
        J = J - (V[0][states[0]])
        for h, (s, a) in enumerate(zip(states, actions)):
            if s in terminal:
                continue
            J = J + gamma ** h * r3[s, a, states[h + 1]]
            log_likelihood = log_likelihood + gamma ** h * torch.log(pi[h][s, a])
        if discounted or T < H:
            J = J + gamma ** T * (V[0] if discounted else V[T])[states[T]]
    J = J / len(demos)
    J.backward()
    out["demos"] = dict(states=[s for s, _ in demos], actions=[a for _, a in demos], J=float(J), gradient=flat(v.grad),
                        log_likelihood=float(log_likelihood / len(demos)))
    return out


def paths(name, seed, S, A, H, over, F=2, terminal=(), density=1.0, deterministic=False):
    """Entropy over paths, by listing them."""
    rng, P, rho, ok = process(seed, S, A, terminal, (), density, deterministic)
    shape = {"s": (S,), "sa": (S, A), "sas": (S, A, S)}[over]
    phi = rng.normal(size=(*shape, F))
    w = rng.normal(size=F)
    Z = np.zeros(S)
    collected = np.zeros((S, F))  # by first state: sum of weight(tau) f(tau)
    acted = np.zeros((H, S, A))  # by step, state and action: sum over first states of weight(tau) / Z(s_1), all first states alike
    by_first = np.zeros((S, H, S, A))
    for first in range(S):
        stack = [(first, 0, 1.0, np.zeros(F), ())]
        while stack:
            s, h, p, f, moves = stack.pop()
            if h == H or s in terminal:
                weight = p * np.exp(w @ f)
                Z[first] += weight
                collected[first] += weight * f
                for step, (state, a) in enumerate(moves):
                    by_first[first, step, state, a] += weight
                continue
            for a, t in itertools.product(range(A), range(S)):
                if P[s, a, t] == 0:
                    continue
                own = phi[s] if over == "s" else phi[s, a] if over == "sa" else phi[s, a, t]
                stack.append((t, h + 1, p * P[s, a, t], f + own, (*moves, (s, a))))
    counts = (rho[:, None] * collected / Z[:, None]).sum(0)
    acted = (rho[:, None, None, None] * by_first / Z[:, None, None, None]).sum(0)
    state = acted.sum(-1, keepdims=True)
    pi = np.where(state > 0, acted / np.where(state > 0, state, 1), 1 / A)
    own = np.zeros(F)
    for h, dsa in enumerate(occupancies(P, rho, pi, H)):
        d3 = dsa[:, :, None] * P
        d3[list(terminal)] = 0
        own += np.einsum("sat,sf->f", d3, phi) if over == "s" else np.einsum("sat,saf->f", d3, phi) if over == "sa" else np.einsum("sat,satf->f", d3, phi)
    return dict(name=name, S=S, A=A, H=H, over=over, terminal=list(terminal), P=flat(P), rho=flat(rho),
                phi=flat(by_entries(P, phi) if over == "sas" else phi), w=flat(w), log_Z=flat(np.log(Z)), counts=flat(counts),
                walked=flat(own), pi=flat(pi))


print(json.dumps(dict(
    causal=[
        causal("rewards of states", 1, 6, 3, 5, 1.0, "s"),
        causal("rewards of pairs, with terminal states and unavailable actions", 2, 6, 3, 7, 1.0, "sa", terminal=(4,),
               unavailable=((0, 1), (2, 0), (2, 2)), density=0.5),
        causal("rewards of transitions, discounted over a horizon", 3, 5, 2, 6, 0.9, "sas", terminal=(1,)),
        causal("deterministic dynamics", 4, 6, 2, 6, 1.0, "sa", deterministic=True),
        causal("one step, one action", 5, 3, 1, 1, 1.0, "s"),
        causal("discounted, rewards of states", 6, 6, 3, 0, 0.9, "s", discounted=True),
        causal("discounted, rewards of transitions, with a terminal state", 7, 5, 3, 0, 0.95, "sas", terminal=(2,), density=0.6,
               discounted=True),
    ],
    paths=[
        paths("rewards of states", 11, 3, 2, 4, "s"),
        paths("rewards of pairs, deterministic", 12, 5, 3, 5, "sa", deterministic=True),
        paths("rewards of transitions", 13, 3, 2, 4, "sas"),
        paths("a terminal state", 14, 4, 2, 4, "sas", terminal=(3,), density=0.7),
    ],
), separators=(",", ":")))
