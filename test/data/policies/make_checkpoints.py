"""Tiny random checkpoints of each family by transformers, with their logits: python make_checkpoints.py (transformers, torch)

Writes one file for each model: the files of its folder (weights as base64), token ids and the logits that transformers gives
for them. Weights are drawn large enough for attention to matter.
"""

import base64, json, tempfile
from pathlib import Path

import torch
from transformers import (
    GPT2Config, GPT2LMHeadModel, GPTNeoXConfig, GPTNeoXForCausalLM, LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM,
)

HERE = Path(__file__).parent
V, B, T = 96, 2, 21
common = dict(vocab_size=V, bos_token_id=0, eos_token_id=1, pad_token_id=None)
rotary = lambda **more: {"rope_theta": 10000.0, "rope_type": "default", **more}
llama3 = dict(rope_theta=10000.0, rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=32)
models = {
    "gpt2": (GPT2LMHeadModel, GPT2Config(**common, n_embd=16, n_layer=2, n_head=2, n_positions=32)),
    "llama": (LlamaForCausalLM, LlamaConfig(**common, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=64, rope_parameters=llama3, tie_word_embeddings=True)),
    "qwen2": (Qwen2ForCausalLM, Qwen2Config(**common, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=1, max_position_embeddings=64, tie_word_embeddings=False)),
    "gpt_neox": (GPTNeoXForCausalLM, GPTNeoXConfig(**common, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=64, rope_parameters=rotary(partial_rotary_factor=0.25))),
}

out = {}
for seed, (name, (Model, config)) in enumerate(models.items()):
    torch.manual_seed(seed)
    model = Model(config).eval()
    with torch.no_grad():
        for key, p in model.named_parameters():
            p.normal_(1.0 if "norm" in key and key.endswith("weight") or "ln_" in key and key.endswith("weight") else 0.0, 0.2)
    shard = {"llama": "12KB"}.get(name, "5GB")
    if name == "qwen2":
        model = model.to(torch.bfloat16)
    if name == "gpt_neox":
        model = model.to(torch.float16)
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder, max_shard_size=shard)
        files = {f.name: base64.b64encode(f.read_bytes()).decode() for f in sorted(Path(folder).iterdir()) if f.name != "generation_config.json"}
        model = Model.from_pretrained(folder, dtype=torch.float32).eval()  # not model.to(float32): that keeps the angles in half precision
    ids = torch.randint(0, V, (B, T))
    with torch.no_grad():
        logits = model(ids).logits
    keep = [0, 1, 5, T - 1]
    out[name] = {"files": files, "ids": ids.tolist(), "positions": keep,
        "logits": [[[round(x, 6) for x in logits[b, t].tolist()] for t in keep] for b in range(B)]}
    print(name, {k: len(v) for k, v in files.items()}, float(logits.std()))

for name, value in out.items():
    (HERE / f"{name}.json").write_text(json.dumps(value, separators=(",", ":")))
