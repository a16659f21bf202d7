"""LoRA adapters by PEFT on the tiny checkpoints, with their logits: python make_adapters.py (after make_checkpoints.py; peft)

`python make_adapters.py check FOLDER ...` loads folders that were written here: checkpoints, and adapters if there is one in
FOLDER/adapter, and prints the logits of token ids 1 .. 8 as JSON.
"""

import base64, json, sys, tempfile
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM

HERE = Path(__file__).parent
TARGETS = {
    "gpt2": ["c_attn", "c_proj"], "llama": ["q_proj", "v_proj", "gate_proj"], "gpt_neox": ["query_key_value", "dense"],
}


def main():
    out = {}
    for seed, (name, targets) in enumerate(TARGETS.items()):
        torch.manual_seed(seed)
        source = json.loads((HERE / f"{name}.json").read_text())
        with tempfile.TemporaryDirectory() as folder:
            for file, text in source["files"].items():
                (Path(folder) / file).write_bytes(base64.b64decode(text))
            model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
            config = LoraConfig(r=2, lora_alpha=6, target_modules=targets, fan_in_fan_out=name == "gpt2", task_type="CAUSAL_LM")
            model = get_peft_model(model, config).eval()
            with torch.no_grad():
                for key, p in model.named_parameters():
                    if "lora_" in key:
                        p.normal_(0, 0.3)
                logits = model(torch.tensor(source["ids"])).logits
            model.save_pretrained(Path(folder) / "adapter")
            kept = ["adapter_config.json", "adapter_model.safetensors"]
            files = {f: base64.b64encode((Path(folder) / "adapter" / f).read_bytes()).decode() for f in kept}
        out[name] = {"files": files, "logits": [[[round(x, 6) for x in row[t].tolist()] for t in source["positions"]] for row in logits]}
    (HERE / "adapters.json").write_text(json.dumps(out, separators=(",", ":")))


def check(folders):
    ids = torch.arange(1, 9)[None]
    for folder in folders:
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        if (Path(folder) / "adapter").exists():
            model = PeftModel.from_pretrained(model, Path(folder) / "adapter").eval()
        with torch.no_grad():
            print(json.dumps({"folder": folder, "logits": model(ids).logits[0].tolist()}))


if __name__ == "__main__":
    check(sys.argv[2:]) if sys.argv[1:2] == ["check"] else main()
