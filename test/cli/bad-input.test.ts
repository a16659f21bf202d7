import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeNpz, numericArray } from "../../src/data/index.ts";
import { apprentice, apprenticeEach, type Ended, newFolder } from "./command.ts";

const folder = newFolder();
const at = (name: string) => join(folder, name);

/** A data set as another program might write it: one trajectory of CartPole, with what `change` does to it. */
function cartPoleFile(change: (arrays: { obs: Float32Array; acts: BigInt64Array }) => void): Uint8Array {
  const obs = new Float32Array(11 * 4).map((_, i) => i / 100);
  const acts = new BigInt64Array(10).map((_, i) => BigInt(i % 2));
  change({ obs, acts });
  return encodeNpz(
    new Map([
      ["obs", numericArray("float32", [11, 4], obs)],
      ["acts", numericArray("int64", [10], acts)],
      ["rews", numericArray("float64", [10], new Float64Array(10).fill(1))],
      ["terminal", numericArray("bool", [1], Uint8Array.of(1))],
      ["indices", numericArray("int64", [0], new BigInt64Array(0))],
    ]),
  );
}

beforeAll(async () => {
  const made = await apprenticeEach(
    [
      "demos record --env CartPole-v1 --expert balancer --episodes 3 --out demos.npz",
      "train bc --env CartPole-v1 --demos demos.npz --set epochs=1 --judge-episodes 2 --out run",
      "train bc --env Gridworld-v1 --episodes 2 --judge-episodes 2 --out grid",
    ],
    folder,
  );
  expect(made.map(({ code }) => code)).toEqual([0, 0, 0]);
  const whole = readFileSync(at("demos.npz"));
  writeFileSync(at("empty.npz"), "");
  writeFileSync(at("cut.npz"), whole.subarray(0, whole.length - 1000));
  writeFileSync(at("cut.jsonl"), '{"format": "apprentice.trajectories", "version": 1');
  writeFileSync(at("noise.safetensors"), "these are not the tensors you are looking for");
  writeFileSync(at("list.csv"), "1 2 3");
  writeFileSync(
    at("nan.npz"),
    cartPoleFile(({ obs }) => {
      obs[4 * 7 + 2] = Number.NaN;
    }),
  );
  writeFileSync(
    at("third-choice.npz"),
    cartPoleFile(({ acts }) => {
      acts[4] = 2n;
    }),
  );
  writeFileSync(at("no.onnx"), "onnx");
  mkdirSync(at("thesis"));
  writeFileSync(at("thesis/chapter-1.txt"), "all of it");
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What is asked, and what the one line must say: found, expected, what to do. */
const cases: readonly (readonly [what: string, line: string, says: RegExp])[] = [
  ["an unknown environment", "train bc --env CartPoll", /unknown environment "CartPoll"; the nearest are CartPole-v1/],
  ["an unknown algorithm", "train bcc --env CartPole-v1", /unknown algorithm "bcc"; the nearest are bc/],
  ["an unknown setting", "train bc --env CartPole-v1 --set hiden=3", /bc has no setting "hiden"; the nearest are hidden/],
  ["a setting of another type", "train bc --env CartPole-v1 --set epochs=many", /epochs takes a number from 0, found "many"/],
  [
    "a setting out of its bounds",
    "train bc --env CartPole-v1 --set batchSize=0",
    /batchSize takes a whole number from 1, found "0"/,
  ],
  [
    "a word that is no choice",
    "train bc --env CartPole-v1 --set optimizer=adamm",
    /optimizer takes one of adam, adamw, sgd, rmsprop, found "adamm"/,
  ],
  ["a setting without a value", "train bc --env CartPole-v1 --set hidden", /--set hidden: expected name=value/],
  ["an unknown option", "train bc --envv CartPole-v1", /unknown option '--envv'.*--env/],
  ["an unknown command", "trian", /unknown command 'trian'.*train/],
  [
    "a seed that is no number",
    "train bc --env CartPole-v1 --seed x",
    /--seed.*'x' is invalid. Expected a whole number from 0; see: apprentice train --help\n$/,
  ],
  [
    "a rate of nothing",
    "train bc --env CartPole-v1 --set learningRate=0",
    /^error: --set learningRate=0: learningRate takes a number above 0, found "0"/,
  ],
  [
    "a negative penalty, before anything is recorded",
    "train gail --env CartPole-v1 --set gradientPenalty=-1",
    /^error: --set gradientPenalty=-1: gradientPenalty takes a number from 0, found "-1"/,
  ],
  [
    "momentum without end",
    "train bc --env CartPole-v1 --set optimizer=sgd momentum=7",
    /^error: --set momentum=7: momentum takes a number from 0 to below 1, found "7"/,
  ],
  [
    "a network for pictures where there are none, before anything is recorded",
    "train bc --env CartPole-v1 --set policy=cnn",
    /found none in box\[4\]; use mlp/,
  ],
  [
    "a table of real numbers, before anything is recorded",
    "train gail --env Pendulum-v1 --set policy=tabular",
    /tabular.*box\[3\]/,
  ],
  ["help for a command that there isn't", "export --help", /unknown command 'export'/],
  ["help for a part of one that there isn't", "demos make --help", /unknown command 'make'/],
  [
    "demonstrations for who compares",
    "train preference-rl --env CartPole-v1 --demos demos.npz",
    /preference-rl has no use for --demos: it learns from comparisons of its own fragments; leave it out/,
  ],
  [
    "fragments longer than a fall takes",
    "train preference-rl --env CartPole-v1 --set fragmentLength=200",
    /fragments have 200 steps, random actions in CartPole-v1 end after 2\d on average/,
  ],
  ["no environment", "train bc", /no environment was named; give --env/],
  ["an unknown expert", "train bc --env CartPole-v1 --expert balencer", /unknown expert "balencer"; the nearest are balancer/],
  ["an expert of another environment", "train bc --env CartPole-v1 --expert swinger", /expert swinger .*CartPole-v1.*balancer/],
  [
    "an expert's folder that isn't there",
    "train bc --env CartPole-v1 --expert runs/nobody",
    /runs\/nobody: there is no such file/,
  ],
  [
    "a saved expert of another world",
    "train bc --env CartPole-v1 --expert grid",
    /grid\/policy.onnx: the policy is discrete\(25\) -> .*, CartPole-v1 is box\[4\] -> discrete\(2\); give one that was trained in/,
  ],
  [
    "a minibatch larger than a round",
    "train ppo --env CartPole-v1 --set batchSize=4096",
    /a minibatch has 4096 steps, a round only 16 x 64/,
  ],
  [
    "demonstrations where none are learned from",
    "train ppo --env CartPole-v1 --episodes 3",
    /ppo records no demonstrations, found --episodes 3/,
  ],
  [
    "demonstrations with other observations",
    "train bc --env Acrobot-v1 --demos demos.npz",
    /demos.npz: .*observations.*box\[4\].*box\[6\]/,
  ],
  [
    "demonstrations with other actions",
    "train bc --env CartPole-v1 --demos third-choice.npz",
    /third-choice.npz: .*trajectory 0, step 4.*choice is 2, expected a whole number from 0 to 1/,
  ],
  ["NaN in data", "train bc --env CartPole-v1 --demos nan.npz", /nan.npz: .*trajectory 0, step 7.*NaN/],
  [
    "more demonstrations than there are",
    "train bc --env CartPole-v1 --demos demos.npz --episodes 9",
    /has 3 trajectories, --episodes asks for 9/,
  ],
  ["an empty file", "train bc --env CartPole-v1 --demos empty.npz", /empty.npz: the file is empty/],
  ["a truncated archive", "data inspect cut.npz", /cut.npz: .*(cut|archive)/],
  ["a truncated list of lines", "data inspect cut.jsonl", /cut.jsonl: /],
  ["a file of another format", "data inspect noise.safetensors", /noise.safetensors: .*safetensors/],
  [
    "a file whose format is not known",
    "data inspect list.csv",
    /list.csv: the format is not known by its name; expected .*\.npz.*\.parquet.*\.txt\.gz/,
  ],
  ["a file that isn't there", "data inspect nothing.npz", /nothing.npz: there is no such file; looked for .*nothing.npz\n$/],
  ["a whole path that isn't there", "data inspect /nothing.npz", /^error: \/nothing.npz: there is no such file\n$/],
  ["an ONNX file that is none", "evaluate no.onnx --env CartPole-v1", /no.onnx: .*not an ONNX model/],
  [
    "a policy of another world",
    "evaluate grid/policy.onnx --env CartPole-v1",
    /policy.onnx: the policy sees discrete\(25\), CartPole-v1 has box\[4\]/,
  ],
  [
    "a folder that holds another run",
    "train bc --env CartPole-v1 --out run",
    /run holds a finished run \(bc on CartPole-v1, seed 0\).*--out.*--resume run/,
  ],
  ["a folder that holds something else", "train bc --env CartPole-v1 --out thesis", /thesis holds other files \(chapter-1.txt\)/],
  ["no run to go on with", "train --resume nowhere", /nowhere holds no run \(found no such folder\)/],
  ["options beside --resume", "train --resume run --env CartPole-v1", /found --env beside it/],
  ["a target that exists", "data convert demos.npz nan.npz", /nan.npz exists already/],
  [
    "a target of an unknown format",
    "demos record --env CartPole-v1 --expert balancer --out demos.mat",
    /demos.mat: the format is not known/,
  ],
];

describe("bad input is answered in one line, with exit code 2, and nothing is written over", () => {
  let ended: Ended[];
  beforeAll(async () => {
    ended = await apprenticeEach(
      cases.map(([, line]) => line),
      folder,
    );
  });

  it.each(cases)("%s", (_what, line, says) => {
    const { code, out, err } = ended[cases.findIndex((one) => one[1] === line)];
    expect(err).toMatch(says);
    expect(err).toMatch(/^error: [^\n]+\n$/);
    expect({ code, out }).toEqual({ code: 2, out: "" });
  });

  it("as a process of its own", async () => {
    const [, line, says] = cases[0];
    const { code, out, err } = await apprentice(line, folder);
    expect(err).toMatch(says);
    expect({ code, out }).toEqual({ code: 2, out: "" });
  });

  it("the folder is as it was", () => {
    expect(existsSync(at("runs"))).toBe(false);
    expect(readdirSync(at("thesis"))).toEqual(["chapter-1.txt"]);
    expect(readFileSync(at("thesis/chapter-1.txt"), "utf8")).toBe("all of it");
    expect(readdirSync(at("run")).sort()).toEqual([
      "checkpoint",
      "clock.txt",
      "config.json",
      "metrics.jsonl",
      "policy.onnx",
      "report.html",
      "verdict.json",
    ]);
  });
});

describe("a run whose demonstrations are another file now", () => {
  it("is not gone on with", async () => {
    const stopped = await apprentice(
      "train bc --env CartPole-v1 --demos demos.npz --set epochs=1 --judge-episodes 2 --out moved",
      folder,
    );
    expect(stopped.code).toBe(0);
    const kept = readFileSync(at("demos.npz"));
    writeFileSync(
      at("demos.npz"),
      cartPoleFile(() => {}),
    );
    const { code, err } = await apprentice("train --resume moved", folder);
    writeFileSync(at("demos.npz"), kept);
    expect(err).toMatch(/demos.npz is not the file that the run began with \(sha256 [0-9a-f]{12}..., expected [0-9a-f]{12}...\)/);
    expect(code).toBe(2);
  });
});

describe("a loss that only grows", () => {
  it("is told at the end, with what to change; the run is a run nonetheless", async () => {
    const line = "train bc --env CartPole-v1 --episodes 2 --judge-episodes 2 --set learningRate=3 epochs=3 --out grown";
    const { code, err } = await apprentice(line, folder);
    expect(err).toMatch(/^note: the training loss ended at [\d.,]+, clearly above .* \(--set learningRate=N, now 3\)$/m);
    expect(code).toBe(0);
  });
});

describe("a loss that becomes NaN", () => {
  it("stops the run with exit code 1, names the update and keeps the last good checkpoint", async () => {
    const line = "train bc --env CartPole-v1 --episodes 2 --set learningRate=1e20 l2=1 --out lost";
    const { code, err, out } = await apprentice(line, folder);
    expect(err).toMatch(/error: \w+ is (NaN|Infinity) in update \d+; .*the last good checkpoint is kept in lost\/checkpoint\n$/);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(readdirSync(at("lost/checkpoint")).some((name) => name.endsWith(".safetensors"))).toBe(true);
    expect(existsSync(at("lost/policy.onnx"))).toBe(false);
    expect((await apprentice("evaluate lost", folder)).err).toMatch(/lost has no policy.onnx yet: the run is not finished/);
  });
});
