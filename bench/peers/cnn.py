"""The 2016 driving network in eager PyTorch, the loop a careful user writes: one thread, Adam, bytes made reals by the batch.

Reads lines "LAYOUT BATCH UPDATES", LAYOUT "standard" or "channels_last", and answers each with images per second.
"""

import sys
import time

import torch
from torch import nn

torch.set_num_threads(1)
torch.manual_seed(0)

N = 1_000
images = torch.randint(0, 256, (N, 3, 66, 200), dtype=torch.uint8)
actions = 0.1 * torch.randn(N, 1)
learners = {}


def learner(layout):
    if layout not in learners:
        net = nn.Sequential(
            nn.Conv2d(3, 24, 5, 2), nn.ReLU(), nn.Conv2d(24, 36, 5, 2), nn.ReLU(), nn.Conv2d(36, 48, 5, 2), nn.ReLU(),
            nn.Conv2d(48, 64, 3), nn.ReLU(), nn.Conv2d(64, 64, 3), nn.ReLU(), nn.Flatten(),
            nn.Linear(1152, 100), nn.ReLU(), nn.Linear(100, 50), nn.ReLU(), nn.Linear(50, 10), nn.ReLU(), nn.Linear(10, 1),
        )  # fmt: skip
        if layout == "channels_last":
            net = net.to(memory_format=torch.channels_last)
        learners[layout] = net, torch.optim.Adam(net.parameters(), lr=1e-3)
    return learners[layout]


for line in sys.stdin:
    layout, batch, updates = line.split()
    batch, updates = int(batch), int(updates)
    net, optimizer = learner(layout)
    order = torch.randperm(N)
    begin = time.perf_counter()
    for k in range(updates):
        index = order[(k * batch) % (N - batch) :][:batch]
        x = images[index].float() / 127.5 - 1
        if layout == "channels_last":
            x = x.contiguous(memory_format=torch.channels_last)
        loss = torch.nn.functional.mse_loss(net(x), actions[index])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(batch * updates / (time.perf_counter() - begin), flush=True)
