"""Reference values for generalised advantage estimation (NumPy) and the clipped objective (PyTorch), for ppo.json.

    python test/data/solvers/make_ppo.py        # writes ppo.json beside itself
"""

import json
import os

import numpy as np
import torch

random = np.random.default_rng(7)


def advantages(r, v, nxt, terminated, truncated, gamma, lam):
    """Not by the recurrence: the sum over l of (gamma lam)^l delta_{t+l} up to the episode's end, written out."""
    T, n = r.shape
    delta = r + gamma * np.where(terminated, 0.0, nxt) - v
    out = np.zeros_like(r)
    for i in range(n):
        for t in range(T):
            for l in range(t, T):
                out[t, i] += (gamma * lam) ** (l - t) * delta[l, i]
                if terminated[l, i] or truncated[l, i]:
                    break
    return out


def gae_case(T, n, gamma, lam):
    r = random.normal(size=(T, n))
    v = random.normal(size=(T, n))
    terminated = random.random((T, n)) < 0.15
    truncated = random.random((T, n)) < 0.1
    nxt = np.vstack([v[1:], random.normal(size=(1, n))])
    # where an episode was cut, what the step led to is not the next row
    nxt = np.where(truncated, random.normal(size=(T, n)), nxt)
    a = advantages(r, v, nxt, terminated, truncated, gamma, lam)
    flat = lambda x: [float(value) for value in x.ravel()]
    return {
        "n": n, "gamma": gamma, "lambda": lam,
        "rewards": flat(r), "values": flat(v), "nextValues": flat(nxt),
        "terminated": [int(x) for x in terminated.ravel()], "truncated": [int(x) for x in truncated.ravel()],
        "advantages": flat(a), "returns": flat(a + v),
    }


def dense(theta, at, sides, activation=torch.tanh):
    """A perceptron whose layers' weights [in, out] and biases lie one after the other in theta."""
    layers = []
    for a, b in zip(sides, sides[1:]):
        W = theta[at : at + a * b].reshape(a, b)
        layers.append((W, theta[at + a * b : at + a * b + b]))
        at += a * b + b

    def forward(x):
        for k, (W, b) in enumerate(layers):
            x = x @ W + b
            if k < len(layers) - 1:
                x = activation(x)
        return x

    return forward, at


def objective_case(kind, value_clip):
    """Three Adam steps on one minibatch; loss parts before each, and theta after."""
    torch.set_default_dtype(torch.float64)
    B, D, hidden = 16, 3, [8]
    outs = {"discrete": 3, "multi-discrete": 5, "box": 2}[kind]
    pi_size = sum(a * b + b for a, b in zip([D, *hidden], [*hidden, outs])) + (2 if kind == "box" else 0)
    v_size = sum(a * b + b for a, b in zip([D, *hidden], [*hidden, 1]))
    theta = torch.tensor(random.normal(size=pi_size + v_size) * 0.5)
    s = torch.tensor(random.normal(size=(B, D)))
    low, high = np.array([-2.0, -1.0]), np.array([2.0, 3.0])
    mid, half = torch.tensor((low + high) / 2), torch.tensor((high - low) / 2)
    if kind == "discrete":
        x = torch.tensor(random.integers(0, 3, size=B))
    elif kind == "multi-discrete":
        x = torch.tensor(np.stack([random.integers(0, 2, size=B), random.integers(0, 3, size=B)], 1))
    else:
        x = torch.tensor(random.normal(size=(B, 2)) * 2)  # many outside of the box: draws before they are cut

    def distribution(theta):
        net, at = dense(theta, 0, [D, *hidden, outs])
        z = net(s)
        if kind == "discrete":
            d = torch.distributions.Categorical(logits=z)
            return d.log_prob(x), d.entropy()
        if kind == "multi-discrete":
            parts = [torch.distributions.Categorical(logits=z[:, :2]), torch.distributions.Categorical(logits=z[:, 2:])]
            return sum(d.log_prob(x[:, k]) for k, d in enumerate(parts)), sum(d.entropy() for d in parts)
        d = torch.distributions.Normal(mid + half * z, half * torch.exp(theta[at : at + 2]).expand(B, 2))
        return d.log_prob(x).sum(1), d.entropy().sum(1)

    with torch.no_grad():
        old = distribution(theta)[0] + torch.tensor(random.normal(size=B) * 0.3)
        critic, _ = dense(theta, pi_size, [D, *hidden, 1])
        V_old = critic(s)[:, 0] + torch.tensor(random.normal(size=B) * 0.3)
    A = torch.tensor(random.normal(size=B))
    R = torch.tensor(random.normal(size=B))
    eps, c1, c2, clip_norm = 0.2, 0.5, 0.01, 0.5

    first = theta.clone()
    theta.requires_grad_(True)
    optimizer = torch.optim.Adam([theta], lr=3e-3, eps=1e-5)
    reports = []
    for _ in range(3):
        log_prob, entropy = distribution(theta)
        critic, _ = dense(theta, pi_size, [D, *hidden, 1])
        V = critic(s)[:, 0]
        log_ratio = log_prob - old
        ratio = log_ratio.exp()
        policy_loss = torch.max(-A * ratio, -A * ratio.clamp(1 - eps, 1 + eps)).mean()
        error = (V - R) ** 2
        if value_clip > 0:
            error = torch.max(error, (V_old + (V - V_old).clamp(-value_clip, value_clip) - R) ** 2)
        value_loss = error.mean()
        loss = policy_loss + c1 * value_loss - c2 * entropy.mean()
        optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_([theta], clip_norm)
        optimizer.step()
        reports.append({
            "loss": loss.item(), "policyLoss": policy_loss.item(), "valueLoss": value_loss.item(),
            "entropy": entropy.mean().item(), "kl": ((ratio - 1) - log_ratio).mean().item(),
            "clipped": ((ratio - 1).abs() > eps).double().mean().item(), "gradNorm": norm.item(),
        })
    flat = lambda t: t.detach().reshape(-1).tolist()
    return {
        "kind": kind, "valueClip": value_clip, "theta": flat(first), "s": flat(s), "x": flat(x), "logPi": flat(old),
        "A": flat(A), "R": flat(R), "V": flat(V_old), "reports": reports, "after": flat(theta),
    }


reference = {
    "gae": [gae_case(1, 1, 0.9, 0.8), gae_case(40, 3, 0.99, 0.95), gae_case(25, 2, 1.0, 1.0), gae_case(25, 2, 0.9, 0.0)],
    "objective": [objective_case(kind, clip) for kind in ["discrete", "multi-discrete", "box"] for clip in [0, 0.2]],
}
with open(os.path.join(os.path.dirname(__file__), "ppo.json"), "w") as file:
    json.dump(reference, file)
    file.write("\n")
