"""Gymnasium's robots, random actions, same-step autoreset. Reads lines "ID COPIES STEPS", answers steps of all copies per second."""

import sys
import time

import gymnasium as gym
from gymnasium.vector import AutoresetMode

worlds = {}

for line in sys.stdin:
    id, copies, steps = line.split()
    copies, steps = int(copies), int(steps)
    if (id, copies) not in worlds:
        mode = {"autoreset_mode": AutoresetMode.SAME_STEP}
        world = gym.make_vec(id, num_envs=copies, vectorization_mode="sync", vector_kwargs=mode)
        world.reset(seed=0)
        world.action_space.seed(1)
        worlds[id, copies] = world
    world = worlds[id, copies]
    begin = time.perf_counter()
    for _ in range(steps):
        world.step(world.action_space.sample())
    print(steps * copies / (time.perf_counter() - begin), flush=True)
