import { rng } from "apprentice/autodiff";
import { type Pairs, pairs } from "apprentice/data";
import { box, discrete } from "apprentice/mdp";
import { type Bench, paired } from "../row.ts";
import { cloning } from "./bc.ts";

const D = 4;
const LARGE = 10_000_000;
const SMALL = 10_000;

function demonstrations(n: number): Pairs {
  const random = rng(2);
  const s = new Float32Array(D * n);
  const a = new Int32Array(n);
  for (let i = 0; i < n; i++) {
    for (let d = 0; d < D; d++) s[i * D + d] = random.uniform(-1, 1);
    a[i] = s[i * D] + s[i * D + 1] > 0 ? 1 : 0;
  }
  return pairs(box([D]), discrete(2), s, a);
}

/** The rate of training on ten million transitions beside that on ten thousand, and the memory beyond the data. */
export const scale: Bench = async ({ say }) => {
  const small = await cloning(demonstrations(SMALL), 32, 32);
  await small(2000);
  const before = process.memoryUsage().rss;
  say(`making ${LARGE.toLocaleString("en")} transitions`);
  const demos = demonstrations(LARGE);
  const bytes = demos.observations.byteLength + demos.actions.byteLength;
  const large = await cloning(demos, 32, 32);
  const result = await paired(
    7,
    () => large(6000),
    () => small(6000),
  );
  const extra = (process.memoryUsage().rss - before - bytes) / 2 ** 20;
  return [
    {
      row: "scale",
      value: result.ours,
      unit: "transitions/s at 10 M",
      against: "the same with 10 thousand",
      ratio: result.ratio,
    },
    { row: "scale memory", value: extra, unit: "MB beyond the data", against: "the allowance of 200 MB", ratio: extra / 200 },
  ];
};
