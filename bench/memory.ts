import { dpo, start, supervisedFineTuning } from "apprentice/algorithms";
import { tokenSequences } from "apprentice/data";
import { firstTheta, gpt2, languageFamily } from "apprentice/policies";

// One process, two updates, the most memory that it ever had: node memory.js sft|dpo LAYERS WIDTH. Prints parameters and bytes.

const [algorithm, layers, width] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const [LENGTH, ROWS] = [64, 4];
const config = gpt2({ vocabulary: 512, context: LENGTH, width, layers, heads: width / 64 });
const model = languageFamily(config);
const theta = firstTheta(model, 0);
const tokens = (n: number, seed: number) => Int32Array.from({ length: n }, (_, i) => 1 + ((i * 7 + seed * 13) % 511));
if (algorithm === "dpo") {
  const preferences = Array.from({ length: ROWS }, (_, i) => ({
    x: tokens(16, i),
    yw: { actions: tokens(48, 2 * i + 1) },
    yl: { actions: tokens(48, 2 * i + 2) },
  }));
  const options = { batchSize: ROWS / 2, updates: 2, report: 1, klSamples: 0 };
  const run = start(dpo, { policy: { model, theta }, preferences }, options);
  while (await run.next());
} else {
  const demos = tokenSequences(
    512,
    Array.from({ length: 2 * ROWS }, (_, i) => ({ x: [], y: tokens(LENGTH, i) })),
  );
  const run = start(supervisedFineTuning, { policy: model, demos, theta }, { batchSize: ROWS, updates: 2, validation: 0 });
  while (await run.next());
}
process.stdout.write(`${theta.length} ${process.resourceUsage().maxRSS * 1024}\n`);
