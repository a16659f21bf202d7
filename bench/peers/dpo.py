"""DPO in eager PyTorch, the strictest loop a careful user writes: plain modules, scaled_dot_product_attention, fused AdamW, chosen
and rejected in one batch, logits where responses are predicted only, gradients clipped.

GPT-2 shape: 4 layers, width 128, 4 heads, vocabulary 512, tied; 16 pairs of 64 tokens, 16 of them prompt. Reads lines
"live|cached STEPS THREADS" and answers each with tokens per second (2 x 16 x 64 a step).
"""

import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

from transformer_block import D, Block

V, L, T, P, PROMPT = 512, 4, 64, 16, 16
torch.manual_seed(0)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens, self.places = nn.Embedding(V, D), nn.Embedding(T, D)
        self.blocks, self.norm = nn.ModuleList(Block() for _ in range(L)), nn.LayerNorm(D)
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.normal_(p, std=0.02)

    def forward(self, ids):
        x = self.tokens(ids) + self.places(torch.arange(T))
        for block in self.blocks:
            x = block(x)
        hidden = self.norm(x)[:, PROMPT - 1 : -1]
        z = F.linear(hidden, self.tokens.weight)
        return torch.log_softmax(z, -1).gather(2, ids[:, PROMPT:, None]).squeeze(2).sum(1)


policy, reference = Model(), Model()
reference.load_state_dict(policy.state_dict())
optimizer = torch.optim.AdamW(policy.parameters(), lr=1e-4, weight_decay=0.0, fused=True)
data = torch.randint(1, V, (16, 2 * P, T))
data[:, P:, :PROMPT] = data[:, :P, :PROMPT]
kept = None


def step(k, live):
    ids = data[k % len(data)]
    if live:
        with torch.no_grad():
            ref = reference(ids)
    else:
        ref = kept[k % len(data)]
    ratio = policy(ids) - ref
    loss = -F.logsigmoid(0.1 * (ratio[:P] - ratio[P:])).mean()
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
    optimizer.step()


for line in sys.stdin:
    mode, steps, threads = line.split()
    torch.set_num_threads(int(threads))
    if kept is None:
        with torch.no_grad():
            kept = [reference(ids) for ids in data]
    begin = time.perf_counter()
    for k in range(int(steps)):
        step(k, mode == "live")
    print(int(steps) * 2 * P * T / (time.perf_counter() - begin), flush=True)
