"""PPO in eager PyTorch on Gymnasium's own vectorised CartPole, the loop a careful user writes: one thread, the same copies, steps,
epochs, minibatches and networks as ours. Reads lines "ROUNDS", answers steps of all copies per second.
"""

import sys
import time

import numpy as np
import torch
from gymnasium.envs.classic_control.cartpole import CartPoleVectorEnv

torch.set_num_threads(1)
torch.manual_seed(0)

COPIES, STEPS, EPOCHS, BATCH, HIDDEN = 16, 64, 6, 256, 32
GAMMA, LAMBDA, EPS, C1 = 0.99, 0.95, 0.2, 0.5
ROWS = COPIES * STEPS


def net(out):
    return torch.nn.Sequential(
        torch.nn.Linear(4, HIDDEN), torch.nn.Tanh(), torch.nn.Linear(HIDDEN, HIDDEN), torch.nn.Tanh(), torch.nn.Linear(HIDDEN, out)
    )


actor, critic = net(2), net(1)
parameters = [*actor.parameters(), *critic.parameters()]
optimizer = torch.optim.Adam(parameters, lr=1e-3, eps=1e-5)
world = CartPoleVectorEnv(num_envs=COPIES)
seen = torch.tensor(world.reset(seed=0)[0])
s = torch.zeros(STEPS, COPIES, 4)
a = torch.zeros(STEPS, COPIES, dtype=torch.long)
log_old, V, r, done = (torch.zeros(STEPS, COPIES) for _ in range(4))


def one_round():
    global seen
    with torch.no_grad():
        for t in range(STEPS):
            s[t] = seen
            pi = torch.distributions.Categorical(logits=actor(seen))
            a[t] = pi.sample()
            log_old[t] = pi.log_prob(a[t])
            V[t] = critic(seen)[:, 0]
            observation, reward, terminated, truncated, _ = world.step(a[t].numpy())
            r[t] = torch.from_numpy(reward)
            done[t] = torch.from_numpy((terminated | truncated).astype(np.float32))
            seen = torch.tensor(observation)
        A = torch.zeros(STEPS, COPIES)
        following, last = critic(seen)[:, 0], torch.zeros(COPIES)
        for t in reversed(range(STEPS)):
            delta = r[t] + GAMMA * following * (1 - done[t]) - V[t]
            last = A[t] = delta + GAMMA * LAMBDA * (1 - done[t]) * last
            following = V[t]
        R = (A + V).reshape(-1)
        flat_s, flat_a, flat_old = s.reshape(-1, 4), a.reshape(-1), log_old.reshape(-1)
        flat_A = A.reshape(-1)
        flat_A = (flat_A - flat_A.mean()) / (flat_A.std() + 1e-8)
    for _ in range(EPOCHS):
        for index in torch.randperm(ROWS).split(BATCH):
            ratio = (torch.distributions.Categorical(logits=actor(flat_s[index])).log_prob(flat_a[index]) - flat_old[index]).exp()
            advantage = flat_A[index]
            gain = torch.min(ratio * advantage, ratio.clamp(1 - EPS, 1 + EPS) * advantage).mean()
            error = (critic(flat_s[index])[:, 0] - R[index]).square().mean()
            optimizer.zero_grad()
            (C1 * error - gain).backward()
            torch.nn.utils.clip_grad_norm_(parameters, 0.5)
            optimizer.step()


for line in sys.stdin:
    rounds = int(line)
    begin = time.perf_counter()
    for _ in range(rounds):
        one_round()
    print(rounds * ROWS / (time.perf_counter() - begin), flush=True)
