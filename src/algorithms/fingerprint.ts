import { layout, type ParamTree } from "../autodiff/index.ts";
import { contentHash } from "../data/index.ts";
import { describe, type Env, type Plain, type Space } from "../mdp/index.ts";

/** What tells one problem from another, a line for each part: kept in checkpoints, so that a run goes on with the problem that it had. */
export type Fingerprint = Readonly<Record<string, string>>;

/** Of demonstrations: the columns that say what was done where. */
const COLUMNS = ["observations", "actions", "offsets", "terminated", "rows", "steps", "tokens", "learn", "occupancy"] as const;

/** Entries of a column that are looked at: enough to tell data sets apart, and as quick for a large one as for a small. */
const SAMPLED = 64;

/** The fingerprint of a problem: the world's name and spaces, the policy's spaces, size and description, the demonstrations' lengths and a sample. */
export function fingerprint(problem: object): Fingerprint {
  const { env, policy, demos } = problem as Readonly<Record<string, unknown>>;
  const made = { env: ofEnv(env as Env | undefined), policy: ofPolicy(policy), demos: ofDemos(demos) };
  return Object.fromEntries(Object.entries(made).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** Throws, naming the part, where a checkpoint's problem is not the one it is resumed with. Parts that either doesn't know are passed over. */
export function mustBeSameProblem(kept: Fingerprint, given: Fingerprint): void {
  for (const [part, was] of Object.entries(kept)) {
    const is = given[part];
    if (is === undefined || is === was) continue;
    throw new RangeError(
      `the checkpoint is of a run with ${part} ${was}, found ${is}; resume it with the same, or start a new run`,
    );
  }
}

function ofEnv(env: Env | undefined): string | undefined {
  return env?.observation && env.action ? `${env.id} (${describe(env.observation)} -> ${describe(env.action)})` : undefined;
}

function ofPolicy(policy: unknown): string | undefined {
  if (Array.isArray(policy)) return policy.map(ofPolicy).join(" + ");
  const { observation, action, params, description } = (policy ?? {}) as Partial<{
    observation: Space;
    action: Space;
    params: ParamTree;
    description: Plain;
  }>;
  if (!observation || !action || !params) return undefined;
  const count = layout(params).size;
  return `of ${count} parameters (${describe(observation)} -> ${describe(action)}, ${JSON.stringify(description ?? null)})`;
}

function ofDemos(demos: unknown): string | undefined {
  if (typeof demos !== "object" || demos === null) return undefined;
  const columns = COLUMNS.flatMap((name) => {
    const column = (demos as Readonly<Record<string, unknown>>)[name];
    return ArrayBuffer.isView(column) ? [{ name, column: column as unknown as ArrayLike<number> }] : [];
  });
  if (columns.length === 0) return undefined;
  const samples = columns.map(({ column }) => {
    const taken = Math.min(SAMPLED, column.length);
    return Float64Array.from({ length: taken }, (_, k) => column[Math.floor((k * (column.length - 1)) / Math.max(1, taken - 1))]);
  });
  const counts = columns.map(({ name, column }) => `${column.length} ${name}`);
  return `of ${counts.join(", ")} (sample ${contentHash(samples).slice(0, 8)})`;
}
