import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { loadEnv } from "../envs/index.ts";
import type { Env, Policy } from "../mdp/index.ts";
import { animatedSvg, type Film, film, png, readConfig, type Showing, stills, writeWhole } from "../runs/index.ts";
import { loadedPolicy, mustFit } from "./evaluate.ts";
import { BadInput, given } from "./exit.ts";
import { expertLabel, findExpert, policyFile } from "./expert.ts";
import { failuresJson, tellFailures } from "./failures.ts";
import { defaultExpert, readProblem } from "./ingredients.ts";
import { counted, meter, printJson, say, short } from "./terminal.ts";
import { seedOf } from "./train.ts";

export interface WatchRequest {
  /** The folder of a run, or an ONNX file; none to watch an expert. */
  readonly target?: string;
  readonly out: string;
  readonly env?: string;
  /** The expert to watch; `true` for the run's own, or the environment's. */
  readonly expert?: string | true;
  readonly episodes: number;
  readonly seed: number;
  /** Steps of an episode at most. */
  readonly steps?: number;
  /** Every so many-th step is drawn. */
  readonly every?: number;
  readonly json?: boolean;
}

/** Plays episodes of a policy, or of an expert, and draws them: one SVG that moves, or PNGs. */
export async function watch(request: WatchRequest): Promise<void> {
  const { out, episodes, seed, steps, every, json } = request;
  const write = writerOf(out);
  const { env, actor, who } = await cast(request);
  const most = env.maxSteps === Infinity ? 2000 : env.maxSteps;
  if (steps !== undefined && steps > most) {
    throw new BadInput(`an episode of ${env.id} has at most ${most} steps, found --steps ${steps}; ask for fewer`);
  }
  const progress = meter("watch");
  const films: Film[] = [];
  for (let e = 0; e < episodes; e++) {
    const scene = await film(env, actor, {
      seed: seedOf("judge", seed + e),
      maxSteps: steps ?? most,
      ...(every === undefined ? { most: Math.max(12, Math.floor(300 / episodes)), mostBytes: 6_000_000 / episodes } : { every }),
      onStep: (step) => progress.at({ done: e, total: episodes, unit: "episodes" }, `step ${step}`),
    });
    films.push(scene);
    progress.at({ done: e + 1, total: episodes, unit: "episodes" }, `return ${short(scene.total)}`);
  }
  progress.end();
  const files = await write({ title: `${env.id}: ${who}`, films });
  const played = films.map(({ steps: length, total, terminated }) => ({ steps: length, return: total, terminated }));
  const frames = films.reduce((sum, { frames: all }) => sum + all.length, 0);
  tellFailures(env);
  if (json) printJson({ out, env: env.id, who, episodes: played, frames, files, ...failuresJson(env) });
  const returns = played.map(({ return: total }) => short(total)).join(", ");
  say(`${out}: ${counted(frames, "picture")} of ${counted(episodes, "episode")} of ${who}, return ${returns}`);
}

/** Who acts where. Throws `BadInput` if that doesn't fit together, or somebody is missing. */
async function cast(request: WatchRequest): Promise<{ env: Env; actor: Policy; who: string }> {
  const { target, expert } = request;
  if (target === undefined && expert === undefined) {
    throw new BadInput("nobody to watch; give the folder of a run, or --env NAME --expert");
  }
  const folder = target !== undefined && existsSync(target) && statSync(target).isDirectory();
  const config = folder ? await given(() => readConfig(target)) : undefined;
  const file = target === undefined || (config && expert !== undefined) ? undefined : policyFile(target);
  const policy = file === undefined ? undefined : await loadedPolicy(file);
  const about = policy?.about.env;
  const id = request.env ?? config?.env ?? (typeof about === "string" ? about : undefined);
  if (id === undefined) throw new BadInput(`it isn't known which environment to watch; give --env, one of: apprentice envs`);
  const env = await given(() => loadEnv(id));
  if (expert === undefined && policy && file !== undefined) {
    mustFit(file, policy, env);
    const learner = config?.algorithm ?? policy.about.algorithm;
    return { env, actor: policy, who: typeof learner === "string" ? `learned by ${learner}` : "learned" };
  }
  const own = config ? readProblem(config.problem, `${target}/config.json`).expert : undefined;
  const name = expert === true ? (own ?? defaultExpert(env)) : expert;
  if (name === undefined) {
    throw new BadInput(`there is no known expert for ${env.id}; give --expert NAME, or the folder of a run`);
  }
  return { env, actor: await findExpert(name, env), who: `expert ${expertLabel(name)}` };
}

/** What writes a showing where `--out` says; gives the number of files. Throws `BadInput` before any work if that can't be. */
function writerOf(out: string): (showing: Showing) => Promise<number> {
  const ending = extname(out).toLowerCase();
  if (ending === ".svg") {
    if (existsSync(out)) throw taken(out);
    return async (showing) => {
      put(out, animatedSvg(showing));
      return 1;
    };
  }
  const numbered = /%0?(\d*)d/;
  if (ending === ".png") {
    if (!numbered.test(out)) {
      throw new BadInput(
        `${out} is one picture, and an episode is many; give a pattern such as ${out.slice(0, -4)}-%04d.png, a folder, or a name that ends in .svg`,
      );
    }
  } else if (ending !== "" && !/[/\\]$/.test(out)) {
    throw new BadInput(`${out}: found the ending ${ending}, expected .svg, a pattern such as %04d.png, or a folder for PNGs`);
  } else if (existsSync(out) && (!statSync(out).isDirectory() || readdirSync(out).length > 0)) {
    throw taken(out);
  }
  const pattern = ending === ".png" ? out : join(out, "%04d.png");
  const name = (i: number) => pattern.replace(numbered, (_, digits: string) => String(i).padStart(Number(digits), "0"));
  if (existsSync(name(0))) throw taken(name(0));
  return async (showing) => {
    const pictures = stills(showing);
    for (const [i, { svg }] of pictures.entries()) put(name(i), await png(svg));
    return pictures.length;
  };
}

function put(file: string, content: string | Uint8Array): void {
  mkdirSync(dirname(file), { recursive: true });
  writeWhole(file, content);
}

function taken(file: string): BadInput {
  return new BadInput(`${file} exists already, expected the name of something new; choose another, or remove it first`);
}
