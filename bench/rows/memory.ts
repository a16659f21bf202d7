import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Bench, Row } from "../row.ts";

const SCRIPT = join(dirname(fileURLToPath(import.meta.url)), "..", "memory.js");
/** Layers and width of about 10 and 100 million parameters. */
const SIZES = [
  ["10M", 13, 256],
  ["100M", 14, 768],
] as const;

/** Bytes a parameter that no training by Adam does without: θ, its gradient, two moments. */
const LEAST = 16;

/** The most memory that a process ever had which fine-tunes, or makes DPO's updates, on 4 sequences of 64 tokens. */
export const memory: Bench = async ({ say }) => {
  const rows: Row[] = [];
  for (const algorithm of ["sft", "dpo"]) {
    for (const [name, layers, width] of SIZES) {
      say(`two updates of ${algorithm} with ${name} parameters`);
      const { stdout, stderr, status } = spawnSync(process.execPath, [SCRIPT, algorithm, String(layers), String(width)], {
        encoding: "utf8",
      });
      if (status !== 0) throw new Error(`memory.js ${algorithm} ${layers} ${width} ended with ${status}: ${stderr.slice(-400)}`);
      const [parameters, bytes] = stdout.trim().split(" ").map(Number);
      rows.push({
        row: `memory-${algorithm}-${name}`,
        value: bytes / 2 ** 30,
        unit: "GiB at most",
        against: `${LEAST} bytes a parameter, ${((LEAST * parameters) / 2 ** 30).toFixed(2)} GiB`,
        ratio: (LEAST * parameters) / bytes,
      });
    }
  }
  return rows;
};
