import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Bench, median } from "../row.ts";

const MAIN = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "dist", "cli", "main.js");

/** What the Python reference library's behavior cloning was measured at on such a machine: 13,000 to 20,000. */
const RECORDED = 20_000;

/** The whole training loop of the command line: minibatches, updates, held-out loss, metrics on disk, checkpoints. */
export const commandLine: Bench = async () => {
  const folder = mkdtempSync(join(tmpdir(), "apprentice-bench-"));
  const rates = [0, 1, 2].map((seed) => {
    const args = ["train", "bc", "--env", "CartPole-v1", "--episodes", "50", "--set", "epochs=60", "--judge-episodes", "2"];
    const out = ["--seed", String(seed), "--out", join(folder, String(seed)), "--json"];
    const { stdout, status, stderr } = spawnSync(process.execPath, [MAIN, ...args, ...out], { encoding: "utf8" });
    if (status !== 0) throw new Error(`the command line ended with ${status}: ${stderr.trim().split("\n").pop()}`);
    return (JSON.parse(stdout.trim().split("\n").pop()!) as { transitionsPerSecond: number }).transitionsPerSecond;
  });
  rmSync(folder, { recursive: true });
  const rate = median(rates);
  const against = `the Python reference library, ${RECORDED.toLocaleString("en")} a second, recorded`;
  return [{ row: "bc-cli", value: rate, unit: "transitions/s", against, ratio: rate / RECORDED }];
};
