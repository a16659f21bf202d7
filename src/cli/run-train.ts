import { BadInput } from "./exit.ts";
import { type LanguageRequest, modelFolder } from "./language-problem.ts";
import { summary, verdictHead, verdictJson, verdictRows } from "./present.ts";
import { expertName } from "./report.ts";
import { isLanguage, LANGUAGE, runTrainLanguage, WORLDS } from "./run-train-language.ts";
import { print, printJson, table } from "./terminal.ts";
import { goOn, type Trained, type TrainRequest, train } from "./train.ts";

type Options = Omit<TrainRequest, "algorithm" | "command"> &
  LanguageRequest & { readonly resume?: string; readonly json?: boolean };

/** The command `train`: begins a run or goes on with one, and prints what it came to. */
export async function runTrain(algorithm: string | undefined, options: Options, command: readonly string[]): Promise<void> {
  const { resume, json, ...rest } = options;
  if (await isLanguage(algorithm, { ...rest }, resume)) {
    const { checkpointEvery } = rest;
    if (resume !== undefined) onlyResumed(algorithm, resume, rest);
    const request = resume === undefined ? { ...rest, algorithm: algorithm as string, command } : { resume, checkpointEvery };
    return runTrainLanguage(request, json === true);
  }
  const began = performance.now();
  const trained = resume === undefined ? await begin(algorithm, rest, command) : await continued(algorithm, resume, rest);
  const { verdict, recipe, config, out } = trained;
  if (json) {
    printJson(trainedJson(trained, (performance.now() - began) / 1000));
    return;
  }
  print(table(verdictRows(verdict, { expert: expertName(config), learner: recipe.learner }), verdictHead(verdict.confidence)));
  print(`\n${summary(verdict, recipe.learner)}\n`);
  print(
    table([
      ["policy", `${out}/policy.onnx`],
      ["report", `${out}/report.html`],
    ]),
  );
}

function begin(algorithm: string | undefined, options: Omit<TrainRequest, "algorithm" | "command">, command: readonly string[]) {
  if (algorithm === undefined) {
    throw new BadInput(
      "no algorithm was named; give one, such as: apprentice train bc --env CartPole-v1; all of them: apprentice algorithms",
    );
  }
  return train({ ...options, algorithm, command });
}

function continued(algorithm: string | undefined, folder: string, options: Partial<TrainRequest>) {
  onlyResumed(algorithm, folder, options);
  return goOn(folder, options.checkpointEvery ?? 2);
}

/** Throws `BadInput` if something else is said beside --resume. */
function onlyResumed(algorithm: string | undefined, folder: string, options: Partial<TrainRequest> & LanguageRequest): void {
  const fixed = { ...WORLDS, expert: "--expert", out: "--out", ...LANGUAGE };
  const extra = Object.entries(fixed).filter(([name]) => options[name as keyof typeof options] !== undefined);
  if (options.set && options.set.length > 0) extra.push(["set", "--set"]);
  if (algorithm !== undefined) extra.unshift(["algorithm", algorithm]);
  if (extra.length > 0) {
    const found = extra.map(([, text]) => text).join(", ");
    const on =
      modelFolder(folder) === folder ? "" : `; what it has learned is trained on by --model ${folder} with another --out`;
    throw new BadInput(
      `--resume goes on with what ${folder} began, found ${found} beside it; leave it out, or begin a new run without --resume${on}`,
    );
  }
}

/** What a finished run is to a program. */
export function trainedJson(trained: Trained, seconds: number): Record<string, unknown> {
  const { config, verdict, driven, updates, transitions, failures, out } = trained;
  return {
    algorithm: config.algorithm,
    env: config.env,
    seed: config.seed,
    ...verdictJson(verdict),
    rounds: driven.rounds,
    [updates.unit]: updates.done,
    seconds: driven.seconds,
    ...(transitions === undefined ? {} : { transitions, transitionsPerSecond: transitions / driven.seconds }),
    ...(failures === undefined ? {} : { failures }),
    wallSeconds: seconds,
    out,
    policy: `${out}/policy.onnx`,
    report: `${out}/report.html`,
  };
}
