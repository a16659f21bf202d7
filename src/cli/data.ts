import { existsSync } from "node:fs";
import { count, DATASET_ENDINGS, type Dataset, encodeDataset, lengths, returns, rewardsKnown } from "../data/index.ts";
import { loadEnv, makeEnv } from "../envs/index.ts";
import { describe, size } from "../mdp/index.ts";
import { PREFERENCE_ENDINGS, TEXT_ENDINGS, writeWhole } from "../runs/index.ts";
import { BadInput, given } from "./exit.ts";
import { expertLabel, findExpert } from "./expert.ts";
import { failuresJson, tellFailures } from "./failures.ts";
import { defaultExpert, readDemos, record, trainOne } from "./ingredients.ts";
import { inspectPreferences, inspectTexts, kindOfTexts } from "./preferences.ts";
import { counted, print, printJson, say, short, table } from "./terminal.ts";
import { seedOf } from "./train.ts";

/** Says what a data set holds. */
export async function inspect(file: string, options: { env?: string; tokenizer?: string; json?: boolean }): Promise<void> {
  mustHaveFormat(file, { demonstrations: DATASET_ENDINGS, preferences: PREFERENCE_ENDINGS, "texts or prompts": TEXT_ENDINGS });
  const kind = await kindOfTexts(file);
  if (kind === "preferences") return inspectPreferences(file, options);
  if (kind !== undefined) return inspectTexts(file, kind, options);
  const env = options.env === undefined ? undefined : await given(() => makeEnv(options.env as string));
  const { data, bytes, sha256 } = await readDemos(file, env);
  const all = { file, bytes, sha256, ...overview(data) };
  if (options.json) {
    printJson(all);
    return;
  }
  const known = Object.entries(all.metadata).map(([name, value]) => [name, String(value)]);
  print(
    table([
      ["file", `${file} (${bytes.toLocaleString("en-US")} bytes)`],
      ...known,
      ["observations", all.observationSpace],
      ["actions", all.actionSpace],
      ["trajectories", `${all.trajectories} (${all.terminated} ended by the world, ${all.trajectories - all.terminated} cut)`],
      ["steps", all.steps.toLocaleString("en-US")],
      ["length", spread(all.length)],
      ["return", all.return ? spread(all.return) : "unknown (no rewards)"],
    ]),
  );
  print("");
  const named = (list: readonly Spread[], name: string) =>
    list.map((entry, i) => [`${name} ${i}`, ...figures.map((figure) => short(entry[figure]))]);
  const columns = [...named(all.observations, "observation"), ...named(all.actions ?? [], "action")];
  print(table(columns, ["", ...figures]));
  const { actionCounts } = all;
  if (!actionCounts) return;
  print("");
  const rows = actionCounts.map((n, i) => [`action ${i}`, n.toLocaleString("en-US"), `${short((100 * n) / all.steps)} %`]);
  print(table(rows, ["", "times", "share"]));
}

/** Writes a data set in another format. */
export async function convert(from: string, to: string, options: { env?: string }): Promise<void> {
  mustBeNew(to);
  mustHaveFormat(to, { demonstrations: DATASET_ENDINGS });
  const env = options.env === undefined ? undefined : await given(() => makeEnv(options.env as string));
  const { data } = await readDemos(from, env);
  const bytes = await given(() => encodeDataset(to, data));
  writeWhole(to, bytes);
  say(`${to}: ${counted(count(data), "trajectory", "trajectories")}, ${bytes.length.toLocaleString("en-US")} bytes`);
}

export interface RecordRequest {
  readonly env: string;
  readonly expert?: string;
  readonly episodes: number;
  readonly out: string;
  readonly seed: number;
  readonly json?: boolean;
}

/** Records an expert's demonstrations in a file. */
export async function recordDemos(request: RecordRequest): Promise<void> {
  const { out, episodes, json } = request;
  mustBeNew(out);
  const env = await given(() => loadEnv(request.env));
  mustHaveFormat(out, { demonstrations: DATASET_ENDINGS });
  const expert = request.expert ?? defaultExpert(env);
  if (expert === undefined) throw new BadInput(`nobody is known who acts in ${env.id}; ${trainOne(env.id)}`);
  const actor = await findExpert(expert, env);
  const data = await record(env, { name: expertLabel(expert), actor }, episodes, seedOf("demos", request.seed));
  const bytes = encodeDataset(out, data);
  writeWhole(out, bytes);
  const { trajectories, steps, return: returned } = overview(data);
  tellFailures(env);
  if (json)
    printJson({ out, env: env.id, expert, trajectories, steps, return: returned, bytes: bytes.length, ...failuresJson(env) });
  say(
    `${out}: ${counted(trajectories, "trajectory", "trajectories")}, ${counted(steps, "step")}, mean return ${short(returned?.mean ?? Number.NaN)}`,
  );
}

function mustBeNew(file: string): void {
  if (existsSync(file))
    throw new BadInput(`${file} exists already, expected the name of a new file; choose another, or remove it first`);
}

/** An unknown ending is better told before the work than after it. `known`: the endings of what there may be. */
function mustHaveFormat(file: string, known: Readonly<Record<string, readonly string[]>>): void {
  const ends = (ending: string) => file.toLowerCase().endsWith(ending);
  if (Object.values(known).some((endings) => endings.some(ends))) return;
  const expected = Object.entries(known).map(([what, endings]) => `${what} (${endings.join(", ")})`);
  throw new BadInput(`${file}: the format is not known by its name; expected the ending of ${expected.join(", ")}`);
}

interface Spread {
  readonly mean: number;
  readonly std: number;
  readonly min: number;
  readonly max: number;
}

const figures = ["mean", "std", "min", "max"] as const;

function overview(data: Dataset) {
  const D = size(data.observationSpace);
  const K = size(data.actionSpace);
  const { actionSpace, actions } = data;
  const counts = () => {
    const seen: number[] = new Array((actionSpace as { n: number }).n).fill(0);
    for (const action of actions) seen[action]++;
    return seen;
  };
  return {
    metadata: data.metadata,
    observationSpace: describe(data.observationSpace),
    actionSpace: describe(actionSpace),
    trajectories: count(data),
    terminated: data.terminated.reduce((sum, one) => sum + one, 0),
    steps: data.rewards.length,
    length: spreadOf(lengths(data)),
    /** None where rewards are not known. */
    return: rewardsKnown(data) ? spreadOf(returns(data)) : null,
    observations: Array.from({ length: D }, (_, d) => spreadOf(data.observations, d, D)),
    /** How often each choice was made, or how the entries of an action are spread. */
    actionCounts: actionSpace.kind === "discrete" ? counts() : undefined,
    actions: actionSpace.kind === "discrete" ? undefined : Array.from({ length: K }, (_, k) => spreadOf(actions, k, K)),
  };
}

function spreadOf(values: ArrayLike<number>, from = 0, stride = 1): Spread {
  let [n, mean, squares, min, max] = [0, 0, 0, Infinity, -Infinity];
  for (let i = from; i < values.length; i += stride) {
    const x = values[i];
    const before = x - mean;
    mean += before / ++n;
    squares += before * (x - mean);
    if (x < min) min = x;
    if (x > max) max = x;
  }
  return { mean, std: Math.sqrt(squares / n), min, max };
}

function spread({ mean, std, min, max }: Spread): string {
  return `mean ${short(mean)}, std ${short(std)}, from ${short(min)} to ${short(max)}`;
}
