import { PREFERENCE_ENDINGS } from "../runs/endings.ts";
import { findRecipe } from "./algorithms/index.ts";
import { languageRecipes } from "./algorithms/language.ts";
import { explained, settingsTable, wrapped } from "./settings-table.ts";
import { print } from "./terminal.ts";
import { settingsOf } from "./train.ts";

/** What a page of help says of one algorithm beside its settings. */
interface Page {
  /** Options of `train` that mean something special to it, and what may be given. */
  readonly options: readonly (readonly [option: string, meaning: string])[];
  readonly examples: readonly string[];
}

const env = ["--env NAME", "the world to learn in, one of: apprentice envs"] as const;
const shown = [
  env,
  ["--demos FILE", "demonstrations (.npz, .jsonl, .safetensors); without them the expert records --episodes N of them (50)"],
  [
    "--expert NAME",
    "who is recorded from and compared with: a name of apprentice envs (default: the world's own), or a run's folder",
  ],
] as const;
const model = [
  "--model FOLDER",
  "what to begin with: a Hugging Face folder, a run's folder, or a new tiny-gpt2, tiny-llama, ...",
] as const;
const taste = "words with weights (a word, a tab and a number a line), or an address http://... that answers with scores";
const pairs = ["--data FILE", `comparisons {prompt, chosen, rejected} (${PREFERENCE_ENDINGS.join(", ")})`] as const;

export const pages: Readonly<Record<string, Page>> = {
  bc: {
    options: shown,
    examples: [
      "apprentice train bc --env CartPole-v1 --episodes 5 --set epochs=20 hidden=64,64",
      "apprentice train bc --env Pendulum-v1 --demos expert.npz --out runs/pendulum",
    ],
  },
  dagger: {
    options: [
      env,
      ["--expert NAME", "who is asked: a name of apprentice envs (default: the world's own), or a run's folder"],
      ["--demos FILE", "labelled states to begin with; without them round 1 is the expert's own"],
    ],
    examples: [
      "apprentice train dagger --env CartPole-v1 --expert balancer --set rounds=4 states=500",
      "apprentice train dagger --env Hopper-v5 --expert runs/hopper --set mode=streaming updates=1500",
      "apprentice train dagger --env track-camera --expert driver --set gate=expert",
    ],
  },
  gail: {
    options: shown,
    examples: [
      "apprentice train gail --env CartPole-v1 --expert balancer --episodes 10",
      "apprentice train gail --env Pendulum-v1 --episodes 20 --set steps=200000 keep=distance validation=0.2",
    ],
  },
  airl: {
    options: shown,
    examples: [
      "apprentice train airl --env Pendulum-v1 --episodes 10",
      "apprentice train airl --env MountainCar-v0 --set over=s absorbing=true",
    ],
  },
  "iq-learn": {
    options: shown,
    examples: [
      "apprentice train iq-learn --env CartPole-v1 --episodes 10",
      "apprentice train iq-learn --env Pendulum-v1 --set stepsPerUpdate=1 initial=value",
    ],
  },
  sqil: { options: shown, examples: ["apprentice train sqil --env CartPole-v1 --episodes 10 --set updates=20000"] },
  red: { options: shown, examples: ["apprentice train red --env Pendulum-v1 --episodes 20 --set expertReward=0.9"] },
  "preference-rl": {
    options: [
      env,
      [
        "--expert NAME",
        "who compares: synthetic (the default) by the world's own rewards, or synthetic:SETTING=NUMBER,... with temperature, error (chance of the wrong answer), discount, tie (the difference below which two fragments are as good)",
      ],
    ],
    examples: [
      "apprentice train preference-rl --env Pendulum-v1 --set labels=700",
      "apprentice train preference-rl --env Pendulum-v1 --expert synthetic:error=0.1 --set selection=random",
    ],
  },
  ppo: {
    options: [
      env,
      [
        "--reward REWARD",
        "what is maximised instead of the world's own reward: a learned one's file (.onnx), or the folder of a run of gail, airl or preference-rl; the verdict is by the world's own",
      ],
      ["--expert NAME", "who the policy is compared with, not learned from"],
    ],
    examples: [
      "apprentice train ppo --env Pendulum-v1 --out runs/swinger",
      "apprentice train bc --env Pendulum-v1 --expert runs/swinger",
      "apprentice train airl --env Pendulum-v1 --out runs/airl",
      "apprentice train ppo --env Pendulum-v1 --reward runs/airl --out runs/again",
    ],
  },
  sft: {
    options: [
      model,
      [
        "--data FILE",
        `texts (.txt, .txt.gz), or records with text, messages, or prompt and completion (${PREFERENCE_ENDINGS.join(", ")})`,
      ],
      ["--tokenizer NAME", "of a new model: words (the default), characters, or a folder with tokenizer.json"],
    ],
    examples: [
      "apprentice train sft --model tiny-gpt2 --data texts.txt --out runs/texts",
      "apprentice generate runs/texts --prompt The",
    ],
  },
  dpo: {
    options: [
      model,
      ["--data FILE", "comparisons {prompt, chosen, rejected}, or ratings {prompt, completion, label}; with --expert, prompts"],
      ["--expert SCORER", `makes the run an online one, in which the model's own answers are compared: ${taste}`],
      ["--reference FOLDER", "the model not to go far from (default: the one to begin with)"],
    ],
    examples: [
      "apprentice train dpo --model runs/texts --data pairs.jsonl --set beta=0.1 epochs=3",
      'apprentice train dpo --model runs/texts --data pairs.jsonl --set loss="sigmoid + 0.2 sft"',
      "apprentice train dpo --model runs/texts --data prompts.jsonl --expert taste.tsv --set rounds=20",
    ],
  },
  "reward-model": {
    options: [model, pairs, ["--reference FOLDER", "of kind=implicit: what the reward is measured from"]],
    examples: [
      "apprentice train reward-model --model runs/texts --data pairs.jsonl --set members=3 --out runs/rm",
      "apprentice score runs/rm --data held-out.jsonl",
    ],
  },
  rlhf: {
    options: [
      model,
      ["--data FILE", "prompts: {prompt} a line (.jsonl); files of texts or comparisons serve too, by their prompts"],
      ["--reward REWARD", `what answers are worth: the folder of a reward-model run, an ONNX file, ${taste}`],
      ["--expert SCORER", `the true score beside it, for tables and figures alone: ${taste}`],
      ["--reference FOLDER", "the model not to go far from (default: the one to begin with)"],
    ],
    examples: [
      "apprentice train rlhf --model runs/texts --reward runs/rm --data prompts.jsonl --set method=rloo",
      "apprentice train rlhf --model runs/texts --reward http://localhost:8000/score --expert taste.tsv --data prompts.jsonl",
    ],
  },
};

/** `apprentice train ALGORITHM --help`: what it learns from, its own settings, examples. Throws `BadInput` if there is no such one. */
export function trainHelp(name: string, world?: string): void {
  const language = Object.hasOwn(languageRecipes, name) ? languageRecipes[name] : undefined;
  const recipe = language ?? findRecipe(name);
  const settings = language ? language.settings : settingsOf(findRecipe(name), world);
  const { options, examples } = pages[name] ?? { options: [], examples: [] };
  const first = Math.max(...options.map(([option]) => option.length)) + 2;
  const room = Math.max(30, (process.stdout.columns ?? 110) - first - 2);
  const lines = options.flatMap(([option, meaning]) =>
    wrapped(meaning, room).map((line, i) => `  ${(i === 0 ? option : "").padEnd(first)}${line}`),
  );
  print(
    [
      `Usage: apprentice train ${name} [options] [--set name=value ...]`,
      wrapped(`${name}: ${recipe.about}`, process.stdout.columns ?? 110).join("\n"),
      ["What it learns from:", ...lines].join("\n"),
      settingsTable(explained(name, settings)),
      ["Examples:", ...examples.map((line) => `  ${line}`)].join("\n"),
      "--out, --seed, --resume, --json and the others: apprentice train --help",
    ].join("\n\n"),
  );
}
