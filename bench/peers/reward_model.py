"""A reward model by Bradley and Terry's likelihood in eager PyTorch, the loop a careful user writes: plain modules,
scaled_dot_product_attention, fused AdamW, chosen and rejected in one batch, the head on the last token, gradients clipped.

GPT-2 shape: 4 layers, width 128, 4 heads, vocabulary 512; 16 pairs of 64 tokens. Reads lines "STEPS THREADS" and answers each with
tokens per second (2 x 16 x 64 a step).
"""

import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

from transformer_block import D, Block

V, L, T, P = 512, 4, 64, 16
torch.manual_seed(0)


class RewardModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens, self.places = nn.Embedding(V, D), nn.Embedding(T, D)
        self.blocks, self.norm = nn.ModuleList(Block() for _ in range(L)), nn.LayerNorm(D)
        self.head = nn.Linear(D, 1, bias=False)

    def forward(self, ids):
        x = self.tokens(ids) + self.places(torch.arange(T))
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x[:, -1])).squeeze(1)


model = RewardModel()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.0, fused=True)
data = torch.randint(1, V, (16, 2 * P, T))


def step(k):
    r = model(data[k % len(data)])
    loss = -F.logsigmoid(r[:P] - r[P:]).mean()
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()


for line in sys.stdin:
    steps, threads = map(int, line.split())
    torch.set_num_threads(threads)
    step(0)
    begin = time.perf_counter()
    for k in range(steps):
        step(k)
    print(steps * 2 * P * T / (time.perf_counter() - begin), flush=True)
