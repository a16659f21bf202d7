import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { apprentice, apprenticeEach, begin, type Ended, lastLine, newFolder } from "./command.ts";

const folder = newFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const write = (name: string, records: readonly object[]) =>
  writeFileSync(join(folder, name), records.map((record) => `${JSON.stringify(record)}\n`).join(""));

const pairs = Array.from({ length: 80 }, (_, i) => {
  const [prompt, good, bad] = [["film", "book", "song"][i % 3], ["good", "fine"][i % 2], ["bad", "poor", "dull"][(i >> 1) % 3]];
  const mark = i; // so that no comparison stands there twice
  return { prompt: `The ${prompt} ${mark} was`, chosen: ` ${good} indeed`, rejected: ` ${bad} indeed` };
});
write("pairs.jsonl", pairs);
write("more.jsonl", [
  ...pairs,
  ...pairs.slice(0, 8).map(({ prompt, chosen, rejected }) => ({ prompt, chosen: rejected, rejected: chosen })),
]);

const sizes = "width=8 layers=1 heads=2 context=16 learningRate=0.02 batchSize=8 epochs=6 report=2";
const train = (out: string, more = "") =>
  `train reward-model --model tiny-gpt2 --data pairs.jsonl --out ${out} --json --set ${sizes}${more === "" ? "" : ` ${more}`}`;

describe("apprentice train reward-model and apprentice score", () => {
  let trained: Ended;
  beforeAll(async () => {
    trained = await apprentice(train("rm", "members=2"), folder);
  });

  it("a reward model is learned from a file of comparisons, and judged on those held out", () => {
    expect(trained.err).not.toMatch(/error/);
    expect(trained.code).toBe(0);
    const { accuracy, on, model } = lastLine(trained) as { accuracy: { after: number }; on: string; model: string };
    expect(on).toBe("8 held-out comparisons");
    expect(accuracy.after).toBe(1);
    expect(readdirSync(join(folder, model))).toEqual(
      expect.arrayContaining(["reward.json", "reward.safetensors", "config.json"]),
    );
  });

  it("its rewards of a file are told one by one, and go on behind those that were written", async () => {
    const all = await apprentice("score rm --data pairs.jsonl --out all.jsonl --json", folder);
    const found = lastLine(all) as {
      accuracy: { mean: number };
      members: number;
      rewards: { number: number; chosen: number; rejected: number }[];
    };
    expect(found.rewards.map(({ number }) => number)).toEqual(pairs.map((_, i) => i + 1));
    expect([found.members, found.rewards.length]).toEqual([2, 80]);
    expect(found.accuracy.mean).toBe(found.rewards.filter(({ chosen, rejected }) => chosen > rejected).length / 80);
    const text = readFileSync(join(folder, "all.jsonl"), "utf8");
    write("silent.jsonl", [{ prompt: "The film was", chosen: " ", rejected: " bad" }, ...pairs]);
    const left = await apprentice("score rm --data silent.jsonl --set unusable=leave-out --json", folder);
    expect(left.err).toMatch(/1 of 81 records is left out: 1 with an empty response/);
    expect((lastLine(left) as typeof found).rewards[0].number).toBe(2);
    writeFileSync(join(folder, "part.jsonl"), text.slice(0, text.length - 40)); // cut in the middle of a line
    const rest = await apprentice("score rm --data pairs.jsonl --out part.jsonl --resume --json", folder);
    expect(rest.err).toMatch(/64 of 80 comparisons are scored, going on/);
    expect(readFileSync(join(folder, "part.jsonl"), "utf8")).toBe(text);
    expect((await apprentice("score rm --data pairs.jsonl --out all.jsonl", folder)).err).toMatch(
      /such a file already.*--resume/,
    );
  });

  it("single responses have the rewards that they have in comparisons, a line each, and labels part good from bad", async () => {
    const responses = pairs.flatMap(({ prompt, chosen, rejected }) => [
      { prompt, completion: chosen, label: true },
      { prompt, completion: rejected, label: false },
    ]);
    write("rated.jsonl", responses);
    write("singles.jsonl", [
      ...responses.map(({ prompt, completion }) => ({ prompt, completion })),
      { prompt: "The", completion: " " },
    ]);
    const [both, rated, single, refused] = await apprenticeEach(
      [
        "score rm --data pairs.jsonl --json",
        "score rm --data rated.jsonl --json",
        "score rm --data singles.jsonl --out singles-out.jsonl --set unusable=leave-out",
        "score rm --data singles.jsonl",
      ],
      folder,
    );
    const wanted = (lastLine(both).rewards as { chosen: number; rejected: number }[]).flatMap(({ chosen, rejected }) => [
      chosen,
      rejected,
    ]);
    const found = lastLine(rated) as {
      good: { mean: number; responses: number };
      bad: { mean: number };
      rewards: { number: number; reward: number; label: boolean }[];
    };
    expect(found.rewards.length).toBe(160);
    found.rewards.forEach(({ number, reward, label }, i) => {
      expect([number, label]).toEqual([i + 1, i % 2 === 0]);
      expect(reward).toBeCloseTo(wanted[i], 4);
    });
    expect(found.good.responses).toBe(80);
    expect(found.good.mean).toBeGreaterThan(found.bad.mean);
    expect(single.err).toMatch(/1 of 161 records left out: an empty response/);
    const text = readFileSync(join(folder, "singles-out.jsonl"), "utf8");
    const lines = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { reward: number });
    expect(lines.map(({ reward }) => reward)).toEqual(found.rewards.map(({ reward }) => reward));
    expect(refused.err).toMatch(/record 161: the completion is empty; .*--set unusable=leave-out/);
    writeFileSync(join(folder, "singles-part.jsonl"), text.slice(0, text.length - 30));
    const rest = await apprentice(
      "score rm --data singles.jsonl --out singles-part.jsonl --resume --set unusable=leave-out",
      folder,
    );
    expect(rest.err).toMatch(/128 of 160 responses are scored/);
    expect(readFileSync(join(folder, "singles-part.jsonl"), "utf8")).toBe(text);
  });

  it("a run that was killed goes on bit for bit", async () => {
    for (const [name, kind] of [
      ["e", "explicit"],
      ["i", "implicit"],
    ]) {
      const whole = apprentice(train(`${name}-whole`, `kind=${kind} updates=20`), folder);
      const line = `${train(`${name}-cut`, `kind=${kind} updates=20`)} --checkpoint-every 0`;
      const { child, ended } = begin(line.split(" "), folder);
      const metrics = join(folder, `${name}-cut`, "metrics.jsonl");
      const until = performance.now() + 30_000;
      while (!(existsSync(metrics) && readFileSync(metrics, "utf8").includes("\n")) && performance.now() < until) {
        await new Promise((next) => setTimeout(next, 5));
      }
      child.kill("SIGKILL");
      await ended;
      const rest = await apprentice(`train --resume ${name}-cut --json`, folder);
      expect(rest.code).toBe(0);
      expect((await whole).code).toBe(0);
      const bytes = (run: string) => readFileSync(join(folder, run, "reward", "reward.safetensors"));
      expect(bytes(`${name}-cut`).equals(bytes(`${name}-whole`))).toBe(true);
    }
  });

  it("an implicit model is kept with its reference, a generative one with what it asks; both are scored as they were judged", async () => {
    const generative = await apprentice(train("g", "kind=generative"), folder);
    expect(generative.code).toBe(0);
    const scored = lastLine(await apprentice("score g --data pairs.jsonl --json", folder));
    const rewards = scored.rewards as { chosen: number }[];
    expect(rewards.every(({ chosen }) => chosen >= 0 && chosen <= 1)).toBe(true);
    const implicit = lastLine(await apprentice("score i-whole --data pairs.jsonl --json", folder));
    expect(implicit.kind).toBe("implicit");
    expect(existsSync(join(folder, "i-whole", "reward", "reference.model.safetensors"))).toBe(true);
  });
});

describe("what can't be is said in one line", () => {
  const refused = async (...cases: (readonly [line: string, message: RegExp])[]) => {
    const lines = cases.map(([line]) => line);
    for (const [i, { code, err }] of (await apprenticeEach(lines, folder)).entries()) {
      expect(err, lines[i]).toMatch(cases[i][1]);
      expect(err.trim().split("\n").at(-1)).toMatch(/^error: /);
      expect(code).toBe(2);
    }
  };

  it("comparisons that contradict each other", async () => {
    const line = train("no", "contradictions=refuse validation=0").replace("pairs.jsonl", "more.jsonl");
    await refused([line, /comparisons 1 and 81 of those to learn from say the opposite of each other \(16 of 88/]);
    const kept = await apprentice("score rm --data more.jsonl --json", folder);
    expect(kept.err).toMatch(/note: .*16 of 88 comparisons say the opposite of another one/);
  });

  it("a reward model beside another tokenizer, one that is none, and a file that is none", async () => {
    cpSync(join(folder, "rm", "reward"), join(folder, "other"), { recursive: true });
    const vocabulary = join(folder, "other", "vocabulary.json");
    writeFileSync(vocabulary, readFileSync(vocabulary, "utf8").replace("good", "gOOd"));
    write("ratings.jsonl", [{ prompt: "a", completion: "b", label: true }]);
    write("whole.jsonl", [{ text: "The film was good." }]);
    await refused(
      ["score other --data pairs.jsonl", /other: reward.json: the tokenizer in this folder is not the one/],
      ["score nothing --data pairs.jsonl", /nothing: there is no such folder/],
      ["score rm --data nothing.jsonl", /nothing.jsonl/],
      ["score rm --data whole.jsonl", /whole.jsonl: record 1 is a text, expected prompt and completion/],
      ["score rm --data pairs.jsonl --resume", /--resume goes on behind the lines of --out FILE/],
      [train("no").replace("pairs.jsonl", "ratings.jsonl"), /learns from comparisons, found ratings/],
    );
  });
});
