"""Two tiny tokenizers and what they make of awkward strings: python make_tokenizers.py (tokenizers, transformers)"""

import json
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

HERE = Path(__file__).parent
CORPUS = [
    "The film was a quiet triumph, and the audience knew it.", "Don't you think that it's  too  long?\nNo.\n\n", "naïve café — 12,345.67 €",
    "def f(x):\n    return x + 1\n", "It is what it is: the rest is silence. The end is near.", "Human: hello there\n\nAssistant: hello, the answer is four.",
] * 4
STRINGS = [
    "The film was", " the end", "the end", "", " ", "  ", "\n", "a\n\nb", "It's", "it's   what", "naïve café", "日本語 text", "👩‍👩‍👧 family", "e\u0301", "tab\tand\r\n",
    "x<|end|>y", "12,345", "trailing space ", " leading", "Assistant:", "def f(x):\n    return", "\u00a0nbsp", "ﬁne", "ÿ\x00z",
]
CHAT = "{% for m in messages %}<|{{ m.role }}|>\n{{ m.content | trim }}{{ eos_token }}\n{% endfor %}{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
MESSAGES = [{"role": "system", "content": " Be brief. "}, {"role": "user", "content": "hello\nthere"}]

def byte_level():
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=380, special_tokens=["<|end|>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    return t, dict(eos_token="<|end|>", bos_token="<|end|>", unk_token="<|end|>")

def metaspace():
    t = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    t.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    t.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    special = ["<unk>", "<s>", "</s>"]
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=460, special_tokens=special + [f"<0x{b:02X}>" for b in range(256)], show_progress=False, max_token_length=8))
    t.post_processor = processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)])
    return t, dict(eos_token="</s>", bos_token="<s>", unk_token="<unk>")

out = {}
for name, make in {"byte_level": byte_level, "metaspace": metaspace}.items():
    raw, special = make()
    fast = PreTrainedTokenizerFast(tokenizer_object=raw, **special)
    if name == "byte_level":
        fast.chat_template = CHAT
    config = dict(special, tokenizer_class="PreTrainedTokenizerFast", clean_up_tokenization_spaces=False)
    if name == "byte_level":
        config["chat_template"] = CHAT
    out[name] = {
        "files": {"tokenizer.json": fast.backend_tokenizer.to_str(), "tokenizer_config.json": json.dumps(config)},
        "strings": [{"text": s, "bare": raw.encode(s, add_special_tokens=False).ids, "full": raw.encode(s).ids,
            "decoded": raw.decode(raw.encode(s, add_special_tokens=False).ids)} for s in STRINGS],
    }
    if name == "byte_level":
        out[name]["chat"] = {"messages": MESSAGES, "text": fast.apply_chat_template(MESSAGES, tokenize=False, add_generation_prompt=True)}
    print(name, len(fast), len(out[name]["files"]["tokenizer.json"]))
(HERE / "tokenizers.json").write_text(json.dumps(out, separators=(",", ":")))
