"""Behavior cloning in eager PyTorch, the loop a careful user writes: one thread, Adam, tanh network, indexed minibatches.

Reads lines "BATCH HIDDEN UPDATES" and answers each with transitions per second.
"""

import sys
import time

import torch

torch.set_num_threads(1)
torch.manual_seed(0)

N, D, A = 25_000, 4, 2
states = torch.randn(N, D)
actions = (states.sum(1) > 0).long()
learners = {}


def learner(hidden):
    if hidden not in learners:
        net = torch.nn.Sequential(
            torch.nn.Linear(D, hidden), torch.nn.Tanh(), torch.nn.Linear(hidden, hidden), torch.nn.Tanh(), torch.nn.Linear(hidden, A)
        )
        learners[hidden] = net, torch.optim.Adam(net.parameters(), lr=1e-3)
    return learners[hidden]


for line in sys.stdin:
    batch, hidden, updates = map(int, line.split())
    net, optimizer = learner(hidden)
    order = torch.randperm(N)
    begin = time.perf_counter()
    for k in range(updates):
        index = order[(k * batch) % (N - batch) :][:batch]
        loss = torch.nn.functional.cross_entropy(net(states[index]), actions[index])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(batch * updates / (time.perf_counter() - begin), flush=True)
