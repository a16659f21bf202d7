import { createHash } from "node:crypto";
import { z } from "zod";
import { count, type Dataset, decodeDataset, returns, rewardsKnown, rollout, take } from "../data/index.ts";
import { environments, makeEnv } from "../envs/index.ts";
import { expertsFor } from "../experts/index.ts";
import { type Env, mustRead, type Reward, type Space, size } from "../mdp/index.ts";
import { activations, cnn, linearPolicy, mlp, type PolicyModel, tabular, usualDistribution } from "../policies/index.ts";
import { BadInput, given } from "./exit.ts";
import { type AskedExpert, expertLabel, findExpert, findReward, isSynthetic } from "./expert.ts";
import { readBytes } from "./files.ts";
import { choice, list, real, type Settings, settings, whole } from "./settings.ts";
import { counted, meter, say, short } from "./terminal.ts";

/** What a problem is made of, as the configuration of a run keeps it. */
const problemSchema = z.object({
  env: z.string().optional(),
  policy: z.record(z.string(), z.unknown()),
  demos: z
    .union([
      z.object({ file: z.string(), sha256: z.string().optional(), episodes: z.number().int().optional() }),
      z.object({ expert: z.string(), episodes: z.number().int(), seed: z.number().int() }),
    ])
    .optional(),
  /** Who can be asked: a name, or the path of a saved policy with the hash of its file. */
  expert: z.string().optional(),
  expertSha256: z.string().optional(),
  /** What is maximised instead of the world's own reward: the path of a learned one, with the hash of its file. */
  reward: z.string().optional(),
  rewardSha256: z.string().optional(),
  judge: z.object({
    episodes: z.number().int(),
    seed: z.number().int(),
    /** Who the policy is compared with, where whoever is asked can't act. */
    expert: z.string().optional(),
  }),
});
export type ProblemConfig = z.infer<typeof problemSchema>;

/** The problem in a run's configuration. Throws `BadInput` if it is none. */
export function readProblem(value: unknown, where: string): ProblemConfig {
  const read = problemSchema.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new BadInput(
    `${where}: problem.${issue.path.join(".")}: ${issue.message}; restore the file, or train again with another --out`,
  );
}

/** What `--set` can say of a policy. */
export const policySettings: Settings = settings(
  { policy: "auto", hidden: [32, 32], activation: "tanh", distribution: "auto", scale: "fixed", initialLogStd: -0.5 },
  {
    policy: choice("auto", "mlp", "linear", "tabular", "cnn"),
    hidden: list(whole(1)),
    activation: choice(...(Object.keys(activations) as [string, ...string[]])),
    distribution: choice("auto", "gaussian", "squashed"),
    scale: choice("fixed", "state", "constant"),
    initialLogStd: real(-7, 2), // what a policy's own are kept between
  },
);

interface PolicyValues {
  /** What the policy is: a network of layers, a linear map, a table, a network for pictures; `auto` for what suits the environment. */
  readonly policy: "auto" | "mlp" | "linear" | "tabular" | "cnn";
  /** Widths of the policy's hidden layers. */
  readonly hidden: number[];
  /** The activation function between its layers. */
  readonly activation: keyof typeof activations;
  /** Of real actions: a Gaussian, or one that is squashed into their bounds; `auto` for what suits the environment. */
  readonly distribution: "auto" | "gaussian" | "squashed";
  /** Of real actions: whether their spread is one learned number an action, depends on the state, or stays as it is. */
  readonly scale: "fixed" | "state" | "constant";
  /** Of real actions: the logarithm of their spread at the beginning. */
  readonly initialLogStd: number;
}

/** Widths of the hidden layers where several motors are driven: 32 and 32 leave HalfCheetah's clone at 0.41 of its expert, these at 0.84. */
const ROBOT = [128, 128];

/**
 * Settings that suit an environment to clone an expert in. Of pictures: the network of Bojarski et al. 2016, fitted by squared error. Of
 * several motors: a wider network. None elsewhere, or where there is no such environment.
 */
export function cloningSettings(env: string | undefined): Readonly<Record<string, unknown>> {
  if (env === undefined || !Object.hasOwn(environments, env)) return {};
  const { observation, action } = makeEnv(env);
  if (hasPicture(observation)) return { policy: "cnn", hidden: [100, 50, 10], scale: "constant", batchSize: 64 };
  return action.kind === "box" && action.low.length > 1 ? { hidden: ROBOT } : {};
}

function hasPicture(space: Space): boolean {
  if (space.kind === "dict") return Object.values(space.spaces).some(hasPicture);
  return space.kind === "box" && space.bytes === true && space.shape.length === 3;
}

/** What a recipe may ask for. Each throws `BadInput`, saying which option is missing, if it isn't there. */
export interface Ingredients {
  env(): Env;
  /** The expert's demonstrations: read, or recorded now. The same ones every time. */
  demos(): Promise<Dataset>;
  /** An expert that can be asked. */
  expert(): Promise<AskedExpert>;
  policy(): PolicyModel;
  /** What is maximised instead of the world's own reward, where something is. */
  reward(): Promise<Reward | undefined>;
  /** Whether the demonstrations are a file's: the caller's own. */
  readonly fromFile: boolean;
  /** Whether there is an expert that can be asked what to do. */
  readonly hasExpert: boolean;
  /** The configuration with what was found out on the way: hashes, the policy's kind. */
  resolved(): ProblemConfig;
}

/** Who stands behind `--expert`, or would: `undefined` if nobody fits the environment. */
export function defaultExpert(env: Env): string | undefined {
  return expertsFor(env)[0];
}

export function ingredients(config: ProblemConfig): Ingredients {
  let env: Env | undefined;
  let demos: Promise<Dataset> | undefined;
  let found = config;
  const world = () => {
    if (config.env === undefined) throw new BadInput("no environment was named; give --env, one of: apprentice envs");
    env ??= makeEnv(config.env);
    return env;
  };
  let asked: Promise<AskedExpert> | undefined;
  const expert = async () => {
    if (config.expert === undefined) throw new BadInput(`nobody can be asked in ${world().id}; ${trainOne(world().id)}`);
    asked ??= findExpert(config.expert, world(), config.expertSha256);
    return asked;
  };
  const load = async (): Promise<Dataset> => {
    const from = config.demos;
    world(); // is missed first
    if (!from) throw new BadInput(`there are no demonstrations; give --demos FILE, or ${trainOne(world().id)}`);
    if ("file" in from) {
      const { data, sha256 } = await readDemos(from.file, world(), from.episodes);
      if (from.sha256 !== undefined && from.sha256 !== sha256) {
        throw new BadInput(
          `${from.file} is not the file that the run began with (sha256 ${sha256.slice(0, 12)}..., expected ${from.sha256.slice(0, 12)}...); put that one back, or train again with another --out`,
        );
      }
      found = { ...found, demos: { ...from, sha256 } };
      describeDemos(data, from.file);
      return data;
    }
    const label = expertLabel(from.expert);
    const data = await record(world(), { name: label, actor: await expert() }, from.episodes, from.seed);
    describeDemos(data, label);
    return data;
  };
  return {
    env: () => world(),
    demos: () => {
      demos ??= load();
      return demos;
    },
    expert,
    async reward() {
      if (config.reward === undefined) return undefined;
      const reward = await findReward(config.reward, config.rewardSha256);
      try {
        mustRead(reward, world());
      } catch (error) {
        throw new BadInput(`${config.reward}: ${(error as Error).message}`, { cause: error });
      }
      return reward;
    },
    fromFile: config.demos !== undefined && "file" in config.demos,
    hasExpert: config.expert !== undefined && !isSynthetic(config.expert),
    policy() {
      const { policy: asked, distribution: wanted, ...others } = config.policy as unknown as PolicyValues;
      const { observation, action } = world();
      const exact = observation.kind === "discrete" && action.kind === "discrete";
      const policy = asked === "auto" ? (exact ? "tabular" : hasPicture(observation) ? "cnn" : "mlp") : asked;
      const usual = policy === "cnn" ? "gaussian" : usualDistribution(action);
      const rest = { ...others, distribution: wanted === "auto" ? usual : wanted };
      found = { ...found, policy: { policy, ...rest } };
      if (policy === "tabular") return tabular(world());
      const { activation: _, ...pictured } = rest; // the driving network has its own
      if (policy === "cnn") return cnn(world(), pictured);
      return policy === "linear" ? linearPolicy(world(), rest) : mlp(world(), rest);
    },
    resolved() {
      const { demos: listed, ...rest } = found;
      return listed && ("file" in listed || demos) ? found : rest; // what was not recorded is no part of the problem
    },
  };
}

/** How an environment without an expert of its own comes to one. */
export function trainOne(env: string): string {
  const out = `runs/expert-${env}`;
  return `train somebody by its reward (apprentice train ppo --env ${env} --out ${out}) and give --expert ${out}`;
}

/** Demonstrations of an expert, with a meter. */
export async function record(
  env: Env,
  { name: expert, actor }: { readonly name: string; readonly actor: AskedExpert },
  episodes: number,
  seed: number,
): Promise<Dataset> {
  const progress = meter(expert);
  const at = (done: number, steps: number) =>
    progress.at({ done, total: episodes, unit: "episodes" }, "", { total: steps, unit: "steps" });
  try {
    at(0, 0);
    return await rollout(env, actor, { episodes, seed, expert, onProgress: ({ episodes: done, steps }) => at(done, steps) });
  } finally {
    progress.end();
  }
}

/**
 * A data set from a file, with the file's hash; the first `episodes` of it. Throws `BadInput` in a line that names the file
 * if it isn't there, isn't a data set, or doesn't fit the environment.
 */
export async function readDemos(
  file: string,
  env?: Env,
  episodes?: number,
): Promise<{ data: Dataset; sha256: string; bytes: number }> {
  const bytes = readBytes(file);
  const whole = await given(() => decodeDataset(file, bytes, env));
  if (episodes !== undefined && episodes > count(whole)) {
    throw new BadInput(
      `${file} has ${count(whole)} trajectories, --episodes asks for ${episodes}; ask for fewer, or leave it out for all`,
    );
  }
  const data = episodes === undefined ? whole : take(whole, episodes);
  return { data, sha256: createHash("sha256").update(bytes).digest("hex"), bytes: bytes.length };
}

function describeDemos(data: Dataset, origin: string): void {
  const values = returns(data);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const worth = rewardsKnown(data) ? `mean return ${short(mean)}` : "returns unknown (they have no rewards)";
  const trajectories = counted(count(data), "trajectory", "trajectories");
  say(`demonstrations: ${trajectories} of ${origin}, ${counted(data.rewards.length, "pair")}, ${worth}`);
  const found = poor(data);
  if (found) say(`note: ${found}`);
}

/** Pairs below which there is hardly anything to learn from. */
const FEW = 10;

/** What makes demonstrations useless, in a sentence, if anything does. */
export function poor({ actions, rewards, actionSpace }: Dataset): string | undefined {
  const pairs = rewards.length;
  if (pairs < FEW) return `${counted(pairs, "pair is", "pairs are")} hardly anything to learn from; record more episodes`;
  const K = size(actionSpace);
  for (let i = K; i < actions.length; i++) if (actions[i] !== actions[i - K]) return undefined;
  return "all demonstrated actions are the same: nothing can be learned of when to do what; look at how they were recorded";
}
