"""The 2016 driving network in PyTorch on two pictures, its weights a formula: output, squared loss and the loss's gradient.

Run with torch 2.13: python make_cnn.py > cnn.json
"""

import json
import math

import torch
from torch import nn

torch.set_default_dtype(torch.float64)
net = nn.Sequential(
    nn.Conv2d(3, 24, 5, 2), nn.ReLU(), nn.Conv2d(24, 36, 5, 2), nn.ReLU(), nn.Conv2d(36, 48, 5, 2), nn.ReLU(),
    nn.Conv2d(48, 64, 3), nn.ReLU(), nn.Conv2d(64, 64, 3), nn.ReLU(), nn.Flatten(),
    nn.Linear(1152, 100), nn.ReLU(), nn.Linear(100, 50), nn.ReLU(), nn.Linear(50, 10), nn.ReLU(), nn.Linear(10, 1),
)  # fmt: skip

# Entry k of a layer's weights [out, in, ...], row-major, is sqrt(6 / inputs) sin(k (1 + k mod 7)); of its bias, 0.1 cos k.
for layer in net:
    if hasattr(layer, "weight"):
        n = layer.weight.numel()
        scale = math.sqrt(6 / (n / layer.weight.shape[0]))
        values = torch.tensor([scale * math.sin(k * (1 + k % 7)) for k in range(n)])
        layer.weight.data = values.reshape(layer.weight.shape)
        layer.bias.data = torch.tensor([0.1 * math.cos(k) for k in range(layer.bias.numel())])

pixels = torch.tensor([[(k * k + 31 * k + 97 * b) % 256 for k in range(3 * 66 * 200)] for b in range(2)], dtype=torch.float64)
y = net(pixels.reshape(2, 3, 66, 200) / 127.5 - 1)
loss = ((y - torch.tensor([[0.5], [-0.5]])) ** 2).mean()
loss.backward()
grads = {}
for i, layer in enumerate(l for l in net if hasattr(l, "weight")):
    g = layer.weight.grad
    grads[str(i)] = {"norm": g.norm().item(), "bias": layer.bias.grad.norm().item(), "some": g.flatten()[:: g.numel() // 5][:5].tolist()}
print(json.dumps({"parameters": sum(p.numel() for p in net.parameters()), "y": y.flatten().tolist(), "loss": loss.item(), "grads": grads}, indent=1))
