"""The whole tables of Gymnasium's toy-text worlds.

    python make_tables.py > tables.json

For each world: `n`, the number of outcomes of every (s, a); `next` and, as indices into `ps` and `rs`, the
probabilities and rewards, one letter each; `ends`, one digit each; `rho`. For the fickle taxi, whose passenger is not
in its table, all (next state, reward, end, whether the passenger may still change their mind) seen from some (s, a).
"""

import json

import gymnasium as gym
import numpy as np

assert gym.__version__.startswith("1.3"), gym.__version__
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def table(id, **options):
    env = gym.make(id, **options)
    u = env.unwrapped
    S, A = env.observation_space.n, env.action_space.n
    rows = [u.P[s][a] for s in range(S) for a in range(A)]
    flat = [o for row in rows for o in row]
    ps = sorted({float(o[0]) for o in flat})
    rs = sorted({float(o[2]) for o in flat})
    return dict(
        id=id, options=options, S=int(S), A=int(A), maxSteps=env.spec.max_episode_steps, ps=ps, rs=rs,
        n="".join(str(len(row)) for row in rows), next=[int(o[1]) for o in flat],
        p="".join(LETTERS[ps.index(float(o[0]))] for o in flat), r="".join(LETTERS[rs.index(float(o[2]))] for o in flat),
        ends="".join(str(int(o[3])) for o in flat),
        rho=[[int(s), float(u.initial_state_distrib[s])] for s in np.flatnonzero(u.initial_state_distrib)],
    )


def fickle(cases):
    env = gym.make("Taxi-v4", fickle_passenger=True).unwrapped
    out = []
    for s, a, mind in cases:
        seen = set()
        env.reset(seed=0)
        for _ in range(200):
            env.s, env.fickle_step = s, mind
            t, r, done, _, _ = env.step(a)
            seen.add((int(t), float(r), bool(done), bool(env.fickle_step)))
        out.append(dict(s=s, a=a, mind=mind, outcomes=sorted(seen)))
    return out


rng = np.random.default_rng(0)
cases = [(int(rng.integers(500)), int(rng.integers(6)), bool(rng.integers(4))) for _ in range(120)]
cases += [((c * 5 + 4) * 4 + int(rng.integers(4)), a, True) for c in range(25) for a in range(6)]
print(json.dumps(dict(
    tables=[
        table("FrozenLake-v1", is_slippery=True), table("FrozenLake-v1", is_slippery=False),
        table("FrozenLake-v1", is_slippery=True, success_rate=0.75, reward_schedule=[10, -2, -0.5]),
        table("FrozenLake-v1", desc=["SHF", "FFS", "HFG"]),
        table("FrozenLake8x8-v1", is_slippery=True), table("FrozenLake8x8-v1", is_slippery=False),
        table("CliffWalking-v1"), table("CliffWalkingSlippery-v1"),
        table("Taxi-v4"), table("Taxi-v4", is_rainy=True), table("Taxi-v4", is_rainy=True, rainy_probability=0.5),
    ],
    fickle=fickle(cases),
), separators=(",", ":")))
