"""Gymnasium's own vectorised CartPole, 1024 copies, random actions. Reads lines "STEPS", answers steps of all copies per second."""

import sys
import time

import numpy as np
from gymnasium.envs.classic_control.cartpole import CartPoleVectorEnv

COPIES = 1024
world = CartPoleVectorEnv(num_envs=COPIES)
world.reset(seed=0)
random = np.random.default_rng(1)

for line in sys.stdin:
    steps = int(line)
    begin = time.perf_counter()
    for _ in range(steps):
        world.step(random.integers(2, size=COPIES))
    print(steps * COPIES / (time.perf_counter() - begin), flush=True)
