import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { loadEnv } from "../envs/index.ts";
import { describe, type Env, type Policy, sameKind } from "../mdp/index.ts";
import { loadPolicy, type OnnxPolicy } from "../policies/index.ts";
import { readConfig } from "../runs/index.ts";
import { languageRecipes } from "./algorithms/language.ts";
import { BadInput, given } from "./exit.ts";
import { expertLabel, findExpert, policyFile } from "./expert.ts";
import { failuresJson, tellFailures } from "./failures.ts";
import { readBytes } from "./files.ts";
import { defaultExpert, readDemos } from "./ingredients.ts";
import { judged } from "./judge.ts";
import { verdictHead, verdictJson, verdictRows } from "./present.ts";
import { print, printJson, say, table } from "./terminal.ts";
import { seedOf } from "./train.ts";

export interface EvaluateRequest {
  /** The folder of a run, or an ONNX file. */
  readonly target: string;
  readonly env?: string;
  readonly expert?: string;
  readonly demos?: string;
  readonly episodes: number;
  readonly seed: number;
  readonly json?: boolean;
}

/** Plays a saved policy and says what it is worth, beside an expert or demonstrations where there are any. */
export async function evaluate(request: EvaluateRequest): Promise<void> {
  const { target, episodes, json } = request;
  const folder = existsSync(target) && statSync(target).isDirectory();
  if (folder) mustHavePolicy(target);
  const config = folder ? await given(() => readConfig(target)) : undefined;
  if (folder) mustHavePolicy(target, config?.algorithm);
  const file = policyFile(target);
  const bytes = readBytes(file);
  const policy = await loadedPolicy(file, bytes);
  const id = request.env ?? config?.env ?? (typeof policy.about.env === "string" ? policy.about.env : undefined);
  if (id === undefined)
    throw new BadInput(`${file} doesn't say which environment it is for; give --env, one of: apprentice envs`);
  const env = await given(() => loadEnv(id));
  mustFit(file, policy, env);

  const name = request.expert ?? (request.demos === undefined ? defaultExpert(env) : undefined);
  const expert = name === undefined ? undefined : await findExpert(name, env);
  const demos = request.demos === undefined ? undefined : (await readDemos(request.demos, env)).data;
  const seed = seedOf("judge", request.seed);
  const head = {
    policy: file,
    env: env.id,
    ...(typeof policy.about.algorithm === "string" ? { algorithm: policy.about.algorithm } : {}),
  };
  const began = performance.now();
  if (!expert && !demos) say(`nobody to compare with in ${env.id}: give --expert or --demos for the gap`);
  const verdict = await judged(env, policy, { episodes, seed, ...(expert ? { expert } : {}), ...(demos ? { demos } : {}) });
  tellFailures(env);
  if (json) printJson({ ...head, ...verdictJson(verdict), ...failuresJson(env), seconds: (performance.now() - began) / 1000 });
  else
    print(
      table(
        verdictRows(verdict, { expert: name === undefined ? "demonstrations" : expertLabel(name), learner: "policy" }),
        verdictHead(verdict.confidence),
      ),
    );
}

/** Throws `BadInput`, saying what to do instead, on the folder of a language model or of a reward model. */
function mustHavePolicy(folder: string, algorithm = ""): void {
  const has = (...path: string[]) => existsSync(join(folder, ...path));
  if (algorithm === "reward-model" || has("reward.json"))
    throw new BadInput(
      `${folder} is a reward model, not a policy; what its rewards are worth: apprentice score ${folder} --data FILE`,
    );
  if (Object.hasOwn(languageRecipes, algorithm) || has("model.safetensors") || has("model.safetensors.index.json"))
    throw new BadInput(
      `${folder} is a language model; give --data FILE with the texts or comparisons that it is to be judged by`,
    );
}

/** The policy in a file. Throws `BadInput`, naming the file, if it is none. */
export async function loadedPolicy(file: string, bytes = readBytes(file)): Promise<OnnxPolicy> {
  try {
    return await given(() => loadPolicy(bytes));
  } catch (error) {
    throw new BadInput(`${file}: ${(error as Error).message}`, { cause: error });
  }
}

/** Throws `BadInput` if a policy isn't made for an environment. */
export function mustFit(file: string, policy: Policy, env: Env): void {
  for (const [what, found, expected] of [
    ["sees", policy.observation, env.observation],
    ["acts in", policy.action, env.action],
  ] as const) {
    if (!sameKind(found, expected)) {
      throw new BadInput(
        `${file}: the policy ${what} ${describe(found)}, ${env.id} has ${describe(expected)}; give the environment that it was trained in`,
      );
    }
  }
}
