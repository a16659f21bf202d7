import { parseArgs } from "node:util";
import type { Bench, Row } from "./row.ts";
import { adversarial } from "./rows/adversarial.ts";
import { bc32, bc256 } from "./rows/bc.ts";
import { cartpole } from "./rows/cartpole.ts";
import { camera, cnn } from "./rows/cnn.ts";
import { commandLine } from "./rows/command-line.ts";
import { daggerCartPole } from "./rows/dagger.ts";
import { dpo } from "./rows/dpo.ts";
import { generate } from "./rows/generate.ts";
import { irl } from "./rows/irl.ts";
import { memory } from "./rows/memory.ts";
import { ppoRow } from "./rows/ppo.ts";
import { preferences } from "./rows/preference-rl.ts";
import { rewardModel } from "./rows/reward-model.ts";
import { rlhf } from "./rows/rlhf.ts";
import { robots } from "./rows/robots.ts";
import { scale } from "./rows/scale.ts";
import { sweep } from "./rows/sweep.ts";

// One table of what the README says of speed. Each row is a ratio of two rates taken in turns in one run, because machines
// are shared and noisy. `npm run bench -- [ROW ...] [--peers] [--json]`

const benches: Record<string, Bench> = {
  "bc-32": bc32,
  "bc-256": bc256,
  "bc-cli": commandLine,
  cartpole,
  scale,
  irl,
  sweep,
  robots,
  cnn,
  camera,
  ppo: ppoRow,
  dagger: daggerCartPole,
  generate,
  dpo,
  "reward-model": rewardModel,
  rlhf,
  memory,
  adversarial,
  preferences,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { peers: { type: "boolean", default: false }, json: { type: "boolean", default: false } },
});

const unknown = positionals.filter((name) => !(name in benches));
if (unknown.length > 0) {
  process.stderr.write(`unknown row ${unknown.join(", ")}; the rows are ${Object.keys(benches).join(", ")}\n`);
  process.exit(2);
}

const say = (text: string) => process.stderr.write(`${text}\n`);
const rows: Row[] = [];
for (const name of positionals.length > 0 ? positionals : Object.keys(benches)) {
  say(`measuring ${name}`);
  rows.push(...(await benches[name]({ peers: values.peers, say })));
}

const number = (value: number) => (value >= 1000 ? Math.round(value).toLocaleString("en") : value.toPrecision(3));
const table = [
  ["row", "value", "unit", "against", "ratio"],
  ...rows.map((r) => [r.row, number(r.value), r.unit, r.against, r.ratio.toFixed(2)]),
];
const widths = table[0].map((_, column) => Math.max(...table.map((line) => line[column].length)));
for (const line of table) {
  process.stdout.write(
    `${line
      .map((cell, k) => (k === 1 || k === 4 ? cell.padStart(widths[k]) : cell.padEnd(widths[k])))
      .join("  ")
      .trimEnd()}\n`,
  );
}
if (values.json) process.stdout.write(`${JSON.stringify(rows)}\n`);
