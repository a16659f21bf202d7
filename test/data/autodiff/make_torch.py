"""Reference values of operations, training curves and a gradient penalty, by PyTorch on the CPU.

    python make_torch.py > torch.json

Operations and the penalty are computed in float64, the training curves in float32 as anyone would train.
"""

import json
import math
import sys

import numpy as np
import torch
import torch.nn.functional as F

torch.manual_seed(0)
torch.set_num_threads(1)
rng = np.random.default_rng(7)


def rounded(t, digits=9):
    return [float(f"{v:.{digits}g}") for v in t.detach().double().flatten().tolist()]


def draw(*shape, scale=1.0):
    return torch.tensor((rng.standard_normal(shape) * scale).astype(np.float32)).double()


def operation(name, f, *operands, **options):
    """The value of f and the gradient of sum(sin(f)) in every operand."""
    leaves = [x.clone().requires_grad_(True) for x in operands]
    y = f(*leaves)
    grads = torch.autograd.grad(torch.sin(y).sum(), leaves)
    return {
        "name": name,
        "options": options,
        "operands": [{"shape": list(x.shape), "data": rounded(x)} for x in operands],
        "y": rounded(y),
        "shape": list(y.shape),
        "grads": [rounded(g) for g in grads],
    }


x = torch.cat([draw(11, scale=2.0), torch.tensor([0.0, -30.0, 30.0, 1.0]).double()])
m = draw(3, 4, 5)
tied = torch.tensor([[1.0, 2.0, 2.0], [3.0, 3.0, 3.0]]).double()
operations = [
    operation("gelu", F.gelu, x),
    operation("geluTanh", lambda v: F.gelu(v, approximate="tanh"), x),
    operation("silu", F.silu, x),
    operation("softplus", F.softplus, x),
    operation("sigmoid", torch.sigmoid, x),
    operation("tanh", torch.tanh, x),
    operation("erf", torch.erf, x),
    operation("relu", F.relu, x),
    operation("abs", torch.abs, x),
    operation("sqrt", torch.sqrt, x.abs() + 0.1),
    operation("logSoftmax", lambda v: F.log_softmax(v, 1), m, axis=1),
    operation("softmax", lambda v: F.softmax(v, 2), m, axis=2),
    operation("logSumExp", lambda v: torch.logsumexp(v, (0, 2)), m, axes=[0, 2]),
    operation("variance", lambda v: v.var(2, unbiased=False), m, axes=[2]),
    operation("amax", lambda v: v.amax(1), tied, axes=[1]),
    operation("amin", lambda v: v.amin(1), tied, axes=[1]),
    operation("max", torch.maximum, tied, tied.flip(0)),
    operation("pow", torch.pow, m.abs() + 0.2, draw(5)),
    operation("matmul", torch.matmul, draw(2, 1, 3, 4), draw(5, 4, 2)),
    operation("linear", lambda v, W, b: v @ W + b, m, draw(5, 2), draw(2)),
    operation("layerNorm", lambda v, g, b: F.layer_norm(v, (5,), g, b), m, draw(5), draw(5)),
    operation("rmsNorm", lambda v, g: F.rms_norm(v, (5,), g, eps=1e-6), m, draw(5)),
    operation("conv2d", F.conv2d, draw(2, 3, 7, 6), draw(4, 3, 3, 2), draw(4), stride=[1, 1], padding=[0, 0]),
    operation(
        "conv2d",
        lambda v, w, b: F.conv2d(v, w, b, stride=(3, 2), padding=(1, 2)),
        draw(2, 3, 7, 6),
        draw(4, 3, 3, 2),
        draw(4),
        stride=[3, 2],
        padding=[1, 2],
    ),
]

# --- training curves ----------------------------------------------------------------------------------------------------

D, H, A, N, B = 4, 16, 3, 64, 16
S = draw(N, D).float()
labels = torch.tensor((S @ draw(D, A).float()).argmax(1).numpy().astype(np.int64))
start = [
    draw(D, H, scale=0.5),
    draw(H, scale=0.1),
    draw(H, H, scale=0.25),
    draw(H, scale=0.1),
    draw(H, A, scale=0.25),
    draw(A, scale=0.1),
]


def curve(make, steps, clip=None, schedule=None):
    params = [p.float().clone().requires_grad_(True) for p in start]
    W1, b1, W2, b2, W3, b3 = params
    optimizer = make(params)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda k: schedule(k + 1)) if schedule else None
    losses, norms = [], []
    for t in range(steps):
        rows = slice((t % (N // B)) * B, (t % (N // B)) * B + B)
        logits = torch.tanh(torch.tanh(S[rows] @ W1 + b1) @ W2 + b2) @ W3 + b3
        loss = F.cross_entropy(logits, labels[rows])
        optimizer.zero_grad()
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(params, clip if clip else math.inf).item())
        optimizer.step()
        if scheduler:
            scheduler.step()
        losses.append(loss.item())
    theta = torch.cat([p.detach().flatten() for p in params])
    return {"loss": [float(f"{v:.8g}") for v in losses], "gradNorm": [float(f"{v:.8g}") for v in norms], "theta": rounded(theta, 8)}


def linear(t, warmup, total, end):
    return t / warmup if t < warmup else 1 + (end - 1) * min(1, (t - warmup) / (total - warmup))


def cosine(t, warmup, total, end):
    return t / warmup if t < warmup else end + (1 - end) * 0.5 * (1 + math.cos(math.pi * min(1, (t - warmup) / (total - warmup))))


o = torch.optim
curves = {
    "adam": curve(lambda p: o.Adam(p, lr=1e-2), 200),
    "sgd": curve(lambda p: o.SGD(p, lr=0.1), 30),
    "sgdMomentum": curve(lambda p: o.SGD(p, lr=0.05, momentum=0.9, weight_decay=0.01), 30),
    "rmsprop": curve(lambda p: o.RMSprop(p, lr=1e-3), 30),
    "adamW": curve(lambda p: o.AdamW(p, lr=1e-2, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.1), 30),
    "adamClipped": curve(lambda p: o.Adam(p, lr=1e-2), 30, clip=0.3),
    "sgdClipped": curve(lambda p: o.SGD(p, lr=0.5), 30, clip=0.3),
    "linear": curve(lambda p: o.SGD(p, lr=0.2), 15, schedule=lambda t: linear(t, 4, 12, 0.1)),
    "cosine": curve(lambda p: o.SGD(p, lr=0.2), 15, schedule=lambda t: cosine(t, 4, 12, 0.1)),
}


# PyTorch's own schedules, after k = 0, 1, ... steps of the scheduler.
def rates(make, steps):
    optimizer = o.SGD([torch.zeros(1, requires_grad=True)], lr=0.2)
    scheduler = make(optimizer)
    out = []
    for _ in range(steps):
        out.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    return out


schedules = {
    "cosine": rates(lambda p: o.lr_scheduler.CosineAnnealingLR(p, T_max=10, eta_min=0.02), 11),
    "linear": rates(lambda p: o.lr_scheduler.LinearLR(p, start_factor=1, end_factor=0.1, total_iters=10), 14),
    "warmup": rates(lambda p: o.lr_scheduler.LinearLR(p, start_factor=1 / 5, end_factor=1, total_iters=4), 8),
}

# --- a gradient penalty: mean D(x) + mean (|dD/dx| - 1)^2, differentiated in the parameters --------------------------------

sizes = [(3, 8), (8,), (8, 8), (8,), (8, 1), (1,)]
leaves = [draw(*s, scale=0.7).requires_grad_(True) for s in sizes]
points = draw(5, 3).requires_grad_(True)
W1, b1, W2, b2, W3, b3 = leaves
value = torch.tanh(torch.tanh(points @ W1 + b1) @ W2 + b2) @ W3 + b3
(slope,) = torch.autograd.grad(value.sum(), points, create_graph=True)
loss = value.mean() + ((slope.norm(dim=1) - 1) ** 2).mean()
penalty = {
    "params": [{"shape": list(p.shape), "data": rounded(p)} for p in leaves],
    "x": {"shape": [5, 3], "data": rounded(points)},
    "loss": rounded(loss)[0],
    "grads": [rounded(g) for g in torch.autograd.grad(loss, leaves)],
}

json.dump(
    {
        "torch": torch.__version__,
        "operations": operations,
        "problem": {
            "S": rounded(S),
            "a": labels.tolist(),
            "shapes": [list(p.shape) for p in start],
            "theta": [v for p in start for v in rounded(p.float())],
            "batch": B,
        },
        "curves": curves,
        "schedules": schedules,
        "penalty": penalty,
    },
    sys.stdout,
    separators=(",", ":"),
)
