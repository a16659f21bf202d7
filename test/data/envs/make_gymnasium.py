"""Makes gymnasium.json: what Gymnasium 1.3 does from given states with given actions.

    pip install gymnasium==1.3.0 numpy && python make_gymnasium.py

`single`: one step from random states; `sequences`: 100 steps from one state; `limit`: an episode run to its time
limit; `autoreset`: a counting world under the three autoreset modes of SyncVectorEnv.
States are float64 as the environment keeps them, observations float32.
"""

import json
import pathlib

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, SyncVectorEnv

rng = np.random.default_rng(20240611)

# id -> ranges of the states that single steps start from, and those of `reset`
WORLDS = {
    "CartPole-v1": ([-2.6, -3, -0.25, -3], [2.6, 3, 0.25, 3], [-0.05] * 4, [0.05] * 4),
    "Acrobot-v1": ([-np.pi, -np.pi, -13, -29], [np.pi, np.pi, 13, 29], [-0.1] * 4, [0.1] * 4),
    "MountainCar-v0": ([-1.2, -0.07], [0.6, 0.07], [-0.6, 0], [-0.4, 0]),
    "MountainCarContinuous-v0": ([-1.2, -0.07], [0.6, 0.07], [-0.6, 0], [-0.4, 0]),
    "Pendulum-v1": ([-10, -8], [10, 8], [-np.pi, -1], [np.pi, 1]),
}


def numbers(x):
    return [float(v) for v in np.asarray(x).ravel()]


def draw(env):
    a = env.action_space
    return int(rng.integers(a.n)) if isinstance(a, gym.spaces.Discrete) else rng.uniform(a.low, a.high).astype(np.float32)


def start(env, id, state):
    env.reset(seed=0)
    raw = env.unwrapped
    raw.state = tuple(float(v) for v in state) if id == "MountainCar-v0" else np.array(state, dtype=np.float64)
    if id == "CartPole-v1":
        raw.steps_beyond_terminated = None


def step(env, action):
    obs, reward, terminated, truncated, _ = env.step(action)
    return {
        "action": numbers(action),
        "state": numbers(env.unwrapped.state),
        "observation": numbers(obs),
        "reward": float(reward),
        "terminated": bool(terminated),
        "truncated": bool(truncated),
    }


def single(id, low, high, count):
    env = gym.make(id)
    out = []
    for _ in range(count):
        state = rng.uniform(low, high)
        start(env, id, state)
        out.append({"from": numbers(state), **step(env, draw(env))})
    return out


def balance(env):
    x, v, th, w = env.unwrapped.state
    return int(0.1 * x + 0.2 * v + th + 0.3 * w > 0)


def sequence(id, low, high, length):
    """Random actions; CartPole is balanced four times out of five, so that it lasts."""
    env = gym.make(id)
    state = rng.uniform(low, high)
    if id == "Acrobot-v1":
        state = state.astype(np.float32)
    start(env, id, state)
    steps = []
    for _ in range(length):
        steady = id == "CartPole-v1" and rng.random() < 0.8
        steps.append(step(env, balance(env) if steady else draw(env)))
    assert not any(s["terminated"] for s in steps)
    return {"from": numbers(state), "steps": [{k: s[k] for k in ("action", "state", "reward", "terminated")} for s in steps]}


def limit(id, low, high):
    """CartPole is balanced so that it reaches the limit; the others idle."""
    env = gym.make(id)
    state = rng.uniform(low, high)
    start(env, id, state)
    actions, over = [], False
    while not over:
        if id == "CartPole-v1":
            action = balance(env)
        else:
            action = 1 if isinstance(env.action_space, gym.spaces.Discrete) else np.zeros(1, np.float32)
        last = step(env, action)
        actions.append(last["action"][0])
        over = last["terminated"] or last["truncated"]
    return {"from": numbers(state), "actions": actions, "last": last}


class Counter(gym.Env):
    """Adds its actions up; it ends at 5 or more."""

    observation_space = gym.spaces.Box(0, 100, (1,), np.float32)
    action_space = gym.spaces.Discrete(6)

    def observed(self):
        return np.array([self.sum], np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.sum = 0
        return self.observed(), {}

    def step(self, action):
        self.sum += int(action)
        return self.observed(), float(10 * self.sum), self.sum >= 5, False, {}


def autoreset(mode):
    """Three copies, cut at 4 steps: one is only ever cut, one ends early, one ends on the very step of the limit."""
    plans = [[0, 0, 1, 0, 1, 2, 0, 0, 0, 0], [3, 3, 5, 1, 1, 4, 0, 5, 2, 2], [1, 1, 1, 2, 5, 5, 1, 0, 0, 4]]
    counter = lambda: gym.wrappers.TimeLimit(Counter(), max_episode_steps=4)
    envs = SyncVectorEnv([counter] * 3, autoreset_mode=mode)
    envs.reset(seed=0)
    rows = []
    for t in range(10):
        actions = [plan[t] for plan in plans]
        obs, rewards, terminated, truncated, infos = envs.step(np.array(actions))
        final = obs.copy()
        for i, last in enumerate(infos.get("final_obs", [])):
            if last is not None:
                final[i] = last
        rows.append({
            "actions": actions,
            "observations": numbers(obs),
            "finalObservations": numbers(final),
            "rewards": numbers(rewards),
            "terminated": [int(x) for x in terminated],
            "truncated": [int(x) for x in truncated],
        })
        if mode == AutoresetMode.DISABLED:
            over = np.logical_or(terminated, truncated)
            if over.any():
                envs.reset(options={"reset_mask": over})
    return rows


def bounds(space):
    return None if isinstance(space, gym.spaces.Discrete) else {"low": numbers(space.low), "high": numbers(space.high)}


out = {"gymnasium": gym.__version__, "numpy": np.__version__, "worlds": {}, "autoreset": {}}
for id, (low, high, low0, high0) in WORLDS.items():
    env = gym.make(id)
    out["worlds"][id] = {
        "maxSteps": env.spec.max_episode_steps,
        "observation": bounds(env.observation_space),
        "action": bounds(env.action_space) or int(env.action_space.n),
        "single": single(id, low, high, 30),
        "sequences": [sequence(id, low0, high0, 100) for _ in range(2)],
        "limit": limit(id, low0, high0),
    }
for name, mode in {"next-step": AutoresetMode.NEXT_STEP, "same-step": AutoresetMode.SAME_STEP, "disabled": AutoresetMode.DISABLED}.items():
    out["autoreset"][name] = autoreset(mode)

text = json.dumps(out, separators=(",", ":")).replace('{"from"', '\n{"from"').replace('{"action"', '\n{"action"').replace("Infinity", "1e999")
pathlib.Path(__file__).with_name("gymnasium.json").write_text(text + "\n")
