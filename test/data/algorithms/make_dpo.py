"""The losses of the DPO family and their gradients, in double precision, from the papers' formulas alone.

    python make_dpo.py > dpo.json

Where the package trl is installed, its trainer's own loss is run on the same numbers (as logits of a tiny vocabulary) and must give
the same value and the same gradient with respect to the logits.
"""

import json
import math
from types import SimpleNamespace

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.manual_seed(6)
P, T, V = 6, 7, 5

logits = torch.randn(2 * P, T + 1, V) * 1.5
ids = torch.randint(0, V, (2 * P, T + 1))
length = torch.tensor([3, 7, 2, 5, 4, 6, 7, 3, 2, 6, 1, 5])
prompt = torch.tensor([1] * (2 * P))
mask = torch.zeros(2 * P, T + 1)
for i in range(2 * P):
    mask[i, 1 : 1 + length[i]] = 1
ref = torch.log_softmax(torch.randn(2 * P, T + 1, V), -1)


def summed(logp):
    each = logp[:, :-1].gather(-1, ids[:, 1:, None])[..., 0]
    return (each * mask[:, 1:]).sum(1)


ref_logps = summed(ref)
ls = F.logsigmoid
sg = torch.sigmoid


def loss(name, w, l, rw, rl, nw, nl, beta, eps, tau=0.05):
    hw, hl = w - rw, l - rl
    z = beta * (hw - hl)
    if name == "sigmoid":
        each = -(1 - eps) * ls(z) - eps * ls(-z)
    elif name == "hinge":
        each = torch.clamp(1 - z, min=0)
    elif name == "ipo":
        each = (hw / nw - hl / nl - 1 / (2 * beta)) ** 2
    elif name == "ipo_sum":
        each = (hw - hl - 1 / (2 * beta)) ** 2
    elif name == "exo_pair":
        q = torch.stack([sg(z), sg(-z)])
        p = torch.tensor([1 - eps, eps])[:, None]
        each = (q * (q.log() - p.log())).sum(0)
    elif name == "nca_pair":
        each = -ls(beta * hw) - 0.5 * ls(-beta * hw) - 0.5 * ls(-beta * hl)
    elif name == "robust":
        each = (-(1 - eps) * ls(z) + eps * ls(-z)) / (1 - 2 * eps)
    elif name == "bco_pair":
        each = -ls(beta * hw) - ls(-beta * hl)
    elif name == "sppo_hard":
        each = (hw - 0.5 / beta) ** 2 + (hl + 0.5 / beta) ** 2
    elif name == "aot":
        d = beta * ((w - l).sort().values - (rw - rl).sort().values)
        each = -(1 - eps) * ls(d) - eps * ls(-d)
    elif name == "aot_unpaired":
        d = beta * (hw.sort().values - hl.sort().values)
        each = -(1 - eps) * ls(d) - eps * ls(-d)
    elif name == "apo_zero":
        each = 1 - sg(beta * hw) + sg(beta * hl)
    elif name == "apo_down":
        each = sg(beta * hw) + 1 - sg(beta * (hw - hl))
    elif name == "discopop":
        m = sg(z / tau)
        each = -ls(z) * (1 - m) + torch.exp(-z) * m
    elif name == "sft":
        each = (-w.sum() / nw.sum()).expand(w.shape[0])
    elif name == "sigmoid_norm":
        d = beta * (hw / nw - hl / nl)
        each = -(1 - eps) * ls(d) - eps * ls(-d)
    return each.mean()


NAMES = ["sigmoid", "hinge", "ipo", "ipo_sum", "exo_pair", "nca_pair", "robust", "bco_pair", "sppo_hard", "aot", "aot_unpaired",
         "apo_zero", "apo_down", "discopop", "sft", "sigmoid_norm"]
SMOOTHED = {"sigmoid", "exo_pair", "robust", "aot", "aot_unpaired", "sigmoid_norm"}


def trl_loss(x, names, weights, beta, eps):
    """The trainer's own loss, on a model that answers with the logits x."""
    from trl.trainer.dpo_trainer import DPOTrainer

    class Fixed(torch.nn.Module):
        def forward(self, **_):
            return SimpleNamespace(logits=x)

    class Accelerator:
        device = "cpu"
        gather = gather_for_metrics = staticmethod(lambda t: t)

    from collections import defaultdict

    model = Fixed()
    fake = SimpleNamespace(model=model, accelerator=Accelerator(), aux_loss_enabled=False, ld_alpha=None,
                           precompute_ref_logps=True, f_divergence_type="reverse_kl", loss_types=names, loss_weights=weights,
                           beta=beta, label_smoothing=eps, use_weighting=False, args=SimpleNamespace(discopop_tau=0.05),
                           _metrics={"train": defaultdict(list)}, _total_train_tokens=0, _tp_size=1)
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "completion_mask": mask.long(),
              "ref_chosen_logps": ref_logps[:P], "ref_rejected_logps": ref_logps[P:]}
    return DPOTrainer._compute_loss(fake, model, inputs, False), fake._metrics["train"]


def check_against_trl():
    try:
        import trl
    except ImportError:
        return None
    for beta in (0.1, 0.7):
        for name in NAMES:
            if name == "ipo_sum":
                continue
            # Its sigmoid losses have no smoothing (any more); elsewhere 0.1.
            eps = 0.1 if name in SMOOTHED - {"sigmoid", "sigmoid_norm"} else 0.0
            x = logits.clone().requires_grad_()
            theirs, metrics = trl_loss(x, [name], [1.0], beta, eps)
            (theirs_grad,) = torch.autograd.grad(theirs, x)
            y = logits.clone().requires_grad_()
            s = summed(torch.log_softmax(y, -1))
            n = length.double()
            ours = loss(name, s[:P], s[P:], ref_logps[:P], ref_logps[P:], n[:P], n[P:], beta, eps)
            (ours_grad,) = torch.autograd.grad(ours, y)
            assert abs(theirs - ours) < 1e-12, (name, theirs, ours)
            assert (theirs_grad - ours_grad).abs().max() < 1e-12, name
    x = logits.clone()
    theirs, _ = trl_loss(x, ["sigmoid", "bco_pair", "sft"], [0.8, 0.2, 1.0], 0.3, 0.0)
    s = summed(torch.log_softmax(x, -1))
    n = length.double()
    a = (s[:P], s[P:], ref_logps[:P], ref_logps[P:], n[:P], n[P:], 0.3, 0.0)
    ours = 0.8 * loss("sigmoid", *a) + 0.2 * loss("bco_pair", *a) + loss("sft", *a)
    assert abs(theirs - ours) < 1e-12
    return trl.__version__


# single precision holds the inputs exactly, so that both sides begin with the same numbers
s = summed(torch.log_softmax(logits, -1)).float().double()
r = ref_logps.float().double()
cases = []
for name in NAMES:
    for beta, eps in ((0.1, 0.0), (0.1, 0.1), (0.7, 0.25)):
        if eps > 0 and name not in SMOOTHED:
            eps = 0.0
        if name == "exo_pair" and eps == 0:
            eps = 1e-3
        for normalised in (False, True):
            for free in (False, True):
                x = s.clone().requires_grad_()
                q = torch.zeros_like(r) if free else r
                n = length.double()
                one = torch.ones(P)
                if normalised:
                    args = (x[:P] / n[:P], x[P:] / n[P:], q[:P] / n[:P], q[P:] / n[P:], one, one)
                else:
                    args = (x[:P], x[P:], q[:P], q[P:], n[:P], n[P:])
                value = loss(name, *args, beta, eps)
                (g,) = torch.autograd.grad(value, x)
                case = dict(loss=name, beta=beta, labelSmoothing=eps, lengthNormalised=normalised, referenceFree=free,
                            value=value.item(), grad=g.tolist())
                if case not in cases:
                    cases.append(case)

checked = check_against_trl()
print(json.dumps(dict(torch=torch.__version__, trl=checked, logps=s.tolist(), refs=r.tolist(), lengths=length.tolist(), cases=cases)))
