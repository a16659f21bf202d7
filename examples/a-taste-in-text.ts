import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dpo, supervisedFineTuning, train } from "apprentice";
import { textSequences, tokenisedPreferences, words } from "apprentice/data";
import { gpt2, languageFamily, languageModel } from "apprentice/policies";
import { loadPretrained, readPreferences, saveFolder } from "apprentice/runs";

// A folder and a file to begin with: a small model that has read some sentences, and comparisons of their ends.
const ends = { friendly: ["is kind", "sings", "is warm"], other: ["is rude", "shouts", "is cold"] };
const beginnings = ["the man", "the bird", "the day"];
const sentences = beginnings.flatMap((who) => [...ends.friendly, ...ends.other].map((end) => `${who} ${end}`));
const vocabulary = words(sentences);
const family = languageFamily(gpt2({ vocabulary: vocabulary.size, width: 16, layers: 1, heads: 2, context: 12 }), vocabulary);
const demos = textSequences(vocabulary, sentences);
const read = await train(supervisedFineTuning, { demos, policy: family }, { epochs: 150, learningRate: 0.01, seed: 0 });
const folder = await mkdtemp(join(tmpdir(), "taste-"));
await saveFolder(join(folder, "reader"), read.policy.files());
const comparisons = beginnings.flatMap((prompt) =>
  ends.friendly.flatMap((good) => ends.other.map((bad) => ({ prompt, chosen: ` ${good}`, rejected: ` ${bad}` }))),
);
await writeFile(join(folder, "pairs.jsonl"), comparisons.map((line) => `${JSON.stringify(line)}\n`).join(""));

// From the folder and the file to a model that writes by the taste.
const start = await loadPretrained(join(folder, "reader"));
const { tokenizer } = start.model;
if (!tokenizer) throw new Error("the folder has no tokenizer");
const pairs = (await readPreferences(join(folder, "pairs.jsonl"))).filter((record) => record.kind === "preference");
const preferences = tokenisedPreferences(tokenizer, pairs);
const { policy } = await train(
  dpo,
  { policy: start, preferences },
  { loss: "sigmoid + 0.3 sft", epochs: 30, learningRate: 5e-3, seed: 0 },
);
const taught = languageModel(start.model, policy.theta);
for (const [name, model] of Object.entries({ before: start, after: taught })) {
  console.log(`${name}:${(await model.complete(Array(8).fill("the man"), { seed: 1 })).join(",")}`);
}
await saveFolder(join(folder, "taught"), taught.files());
console.log(`kept in ${folder}`);
