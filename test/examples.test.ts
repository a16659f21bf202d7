import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ROOT } from "./laws/sources.ts";

const home = process.cwd();
const folder = mkdtempSync(join(tmpdir(), "apprentice-examples-"));
const said: string[] = [];

beforeAll(() => {
  process.chdir(folder); // an example may leave files beside it
  vi.spyOn(console, "log").mockImplementation((...words) => {
    said.push(words.join(" "));
  });
});
afterAll(() => {
  vi.restoreAllMocks();
  process.chdir(home);
  rmSync(folder, { recursive: true });
});

const run = async (name: string): Promise<string> => {
  said.length = 0;
  await import(join(ROOT, "examples", name));
  return said.join("\n");
};

/** What each example must show; one without an entry here fails. */
const shows: Record<string, (text: string) => void> = {
  "clone-an-expert.ts": (text) => {
    expect(text).toMatch(/^500 against 500: gap 0 \[0, 0\]$/);
    expect(statSync(join(folder, "cartpole.onnx")).size).toBeGreaterThan(4000);
  },
  "a-world-is-a-pure-function.ts": (text) => {
    const [, learner, keeper] = text.match(/^return (-?[\d.]+), the keeper's (-?[\d.]+)$/)!.map(Number);
    expect(keeper).toBeGreaterThan(-15);
    expect(learner).toBeGreaterThan(1.5 * keeper);
  },
  "a-loss-is-the-formula.ts": (text) => expect(Number(text.match(/^loss ([\d.]+)$/)?.[1])).toBeLessThan(0.45),
  "a-taste-in-text.ts": (text) => {
    const [before, after, kept] = text.split("\n");
    expect(before).toMatch(/rude|shouts|cold/);
    expect(after).toMatch(/^after: /);
    expect(after).not.toMatch(/rude|shouts|cold/);
    const made = kept.replace("kept in ", "");
    expect(statSync(join(made, "taught", "model.safetensors")).size).toBeGreaterThan(4000);
    rmSync(made, { recursive: true });
  },
  "stop-and-go-on.ts": (text) => {
    const losses = [...text.matchAll(/epoch ([\d.]+) loss ([\d.]+)/g)].map(([, , loss]) => Number(loss));
    expect(losses).toHaveLength(6);
    expect(losses[5]).toBeLessThan(losses[0]);
  },
};

describe("the examples run as they stand", () => {
  it.each(readdirSync(join(ROOT, "examples")).filter((name) => name.endsWith(".ts")))("%s", async (name) => {
    expect(shows, `add to this test what examples/${name} must show`).toHaveProperty([name]);
    shows[name](await run(name));
  });
});
