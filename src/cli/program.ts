import { Command, Option } from "commander";
import { PREFERENCE_ENDINGS, TEXT_ENDINGS } from "../runs/endings.ts";
import { gathered, real, seconds, whole } from "./arguments.ts";
import { version } from "./versions.ts";

const [PREFERENCES, TEXTS] = [PREFERENCE_ENDINGS.join(", "), TEXT_ENDINGS.join(", ")];

/** The command line: a function for each command. Their own code is loaded when one is called: help and mistakes are answered at once. */
export function program(): Command {
  const apprentice = new Command("apprentice")
    .description("Imitation learning: learn a policy from an expert, and know how far it falls short.")
    .version(version())
    .addHelpText("after", example("apprentice train bc --env CartPole-v1 --episodes 50"));
  const commands = [
    ...[addTrain, addEvaluate, addGenerate, addScore, addWatch, addDemos, addData],
    ...[addReproduce, addBenchmark, addEnvs, addAlgorithms, addDemo],
  ];
  for (const add of commands) add(apprentice);
  return apprentice;
}

function addTrain(apprentice: Command): void {
  apprentice
    .command("train")
    .description("learn a policy, judge it against the expert, and keep everything in a folder")
    .argument("[algorithm]", "one of: apprentice algorithms")
    .option("--env <name>", "environment, one of: apprentice envs")
    .option("--demos <file>", "demonstrations (.npz, .jsonl, .safetensors)")
    .option(
      "--expert <name>",
      "expert to record from and to compare with, or a run's folder (default: the environment's own); of preference-rl: who compares fragments, synthetic or synthetic:error=0.1,temperature=1",
    )
    .option("--episodes <n>", "demonstrations to record (default: 50), or to use of the file (default: all)", whole(1))
    .option("--judge-episodes <n>", "episodes that the verdict is reached over", whole(1), 100)
    .option("--model <folder>", "language model to begin with: a Hugging Face folder, a run's folder, tiny-gpt2, tiny-llama, ...")
    .option("--data <file>", `texts or preferences (${TEXTS})`)
    .option("--tokenizer <name>", "of a new language model: characters, words, or a folder with tokenizer.json (default: words)")
    .option("--reference <folder>", "language model not to go far from (default: the one to begin with)")
    .option(
      "--reward <reward>",
      "of ppo: a learned reward (.onnx), or its run's folder; of rlhf: a reward model's folder, an ONNX file, words with weights, or an address http://...",
    )
    .option("--out <folder>", "where the run is kept (default: runs/ALGORITHM-ENV-SEED)")
    .option("--seed <n>", "what everything random is drawn from", whole(0), 0)
    .option("--set <name=value...>", "settings of the algorithm and its policy, see: apprentice algorithms NAME", gathered)
    .option("--resume <folder>", "go on with a run that was stopped")
    .addOption(new Option("--checkpoint-every <seconds>", "time between checkpoints").argParser(seconds).default(2))
    .option("--json", "print one JSON object as the last line")
    .addHelpText(
      "after",
      example(
        "apprentice train bc --env CartPole-v1 --episodes 5 --set epochs=20 hidden=64,64",
        "apprentice train bc --env Pendulum-v1 --demos expert.npz --out runs/pendulum --json",
        "apprentice train --resume runs/pendulum",
        "apprentice train ppo --env CartPole-v1 --out runs/expert",
        "apprentice train dagger --env CartPole-v1 --expert runs/expert",
        "apprentice train gail --env CartPole-v1 --out runs/gail",
        "apprentice train ppo --env Pendulum-v1 --reward runs/airl --out runs/again",
        "apprentice train dagger --env track-camera --expert driver --set rounds=15",
        "apprentice train sft --model tiny-gpt2 --data texts.txt --out runs/texts",
        "apprentice train dpo --model runs/texts --data pairs.jsonl --set beta=0.1",
        "apprentice train rlhf --model runs/texts --reward runs/rm --data prompts.jsonl --set method=rloo",
      ),
    )
    .helpOption(false)
    .option("-h, --help", "with an algorithm before it: what that one learns from, its settings, examples")
    .action(async (algorithm: string | undefined, { help, ...options }, command: Command) => {
      if (help)
        return algorithm === undefined
          ? command.outputHelp()
          : (await import("./train-help.ts")).trainHelp(algorithm, options.env);
      const { runTrain } = await import("./run-train.ts");
      await runTrain(algorithm, options, process.argv.slice(2));
    });
}

function addEvaluate(apprentice: Command): void {
  apprentice
    .command("evaluate")
    .description("say what a saved policy is worth")
    .argument("<policy>", "the folder of a run, an ONNX file, or the folder of a language model")
    .option("--data <file>", `of language models: texts or preferences to be predicted (${TEXTS})`)
    .option("--reference <folder>", "of language models: the one that the divergence is measured from")
    .option("--tokenizer <folder>", "of language models: the folder of their tokenizer (default: their own)")
    .option("--env <name>", "environment (default: the one that it was trained in)")
    .option("--expert <name>", "expert to compare with (default: the environment's own)")
    .option("--demos <file>", "demonstrations to compare with")
    .option("--episodes <n>", "episodes to play", whole(1), 100)
    .option("--seed <n>", "what everything random is drawn from", whole(0), 0)
    .option("--json", "print one JSON object as the last line")
    .addHelpText(
      "after",
      example("apprentice evaluate runs/bc-CartPole-v1-0 --episodes 500", "apprentice evaluate policy.onnx --env CartPole-v1"),
    )
    .action(async (target: string, options) => {
      if (options.data === undefined) return (await import("./evaluate.ts")).evaluate({ target, ...options });
      return (await import("./evaluate-language.ts")).evaluateLanguage({ target, ...options });
    });
}

function addGenerate(apprentice: Command): void {
  apprentice
    .command("generate")
    .description("let a language model write")
    .argument("<model>", "a folder in the Hugging Face layout, or the folder of a run")
    .requiredOption("--prompt <text>", "what it goes on from; may be given several times", gathered)
    .option("-n, --n <n>", "answers to each prompt", whole(1), 1)
    .option("--max-length <n>", "the most tokens of an answer (default: what the context allows)", whole(1))
    .option("--temperature <t>", "what logits are divided by; 0 for the most likely token", real, 1)
    .option("--top-k <k>", "only the k most likely tokens; 0 for all", whole(0), 0)
    .option("--top-p <p>", "only the fewest likely tokens that reach p together; 1 for all", real, 1)
    .option("--min-p <p>", "only tokens of this share of the most likely one's probability; 0 for all", real, 0)
    .option("--seed <n>", "what everything random is drawn from", whole(0), 0)
    .option("--stop <text>", "a text before which an answer ends; may be given several times", gathered)
    .option("--chat", "put the prompt into the model's chat template as the user's turn")
    .option("--json", "print one JSON object as the last line")
    .addHelpText("after", example('apprentice generate runs/texts --prompt "The jury said" --temperature 0.7'))
    .action(async (target: string, options) => (await import("./generate.ts")).generate({ target, ...options }));
}

function addScore(apprentice: Command): void {
  apprentice
    .command("score")
    .description("the rewards that a reward model gives to responses, and how well they agree with what was chosen")
    .argument("<folder>", "the folder of a run of train reward-model, or of a reward model")
    .requiredOption("--data <file>", `comparisons, or prompts with a completion each (${PREFERENCES})`)
    .option("--out <file>", "write the rewards of every comparison or completion, a line of JSON each")
    .option("--resume", "go on behind the lines that --out has")
    .option("--set <name=value...>", "unusable=leave-out leaves out comparisons that say nothing", gathered)
    .option("--json", "print one JSON object as the last line")
    .addHelpText(
      "after",
      example(
        "apprentice train reward-model --model tiny-gpt2 --data pairs.jsonl --out runs/rm",
        "apprentice score runs/rm --data held-out.jsonl --json",
      ),
    )
    .action(async (target: string, options) => (await import("./score.ts")).score({ target, ...options }));
}

function addWatch(apprentice: Command): void {
  apprentice
    .command("watch")
    .description("draw episodes of a saved policy, or of an expert")
    .argument("[policy]", "the folder of a run, or an ONNX file")
    .requiredOption("--out <file>", "an SVG that moves (.svg), PNGs by a pattern (%04d.png), or a folder for PNGs")
    .option("--env <name>", "environment (default: the one that it was trained in)")
    .option("--expert [name]", "watch the expert instead (default: the run's own, or the environment's)")
    .option("--episodes <n>", "episodes to play", whole(1), 1)
    .option("--steps <n>", "steps of an episode at most", whole(1))
    .option("--every <n>", "draw every so many-th step (default: as many as can be looked at)", whole(1))
    .option("--seed <n>", "what everything random is drawn from", whole(0), 0)
    .option("--json", "print one JSON object as the last line")
    .addHelpText(
      "after",
      example(
        "apprentice watch runs/dagger-CartPole-v1-0 --out cartpole.svg",
        "apprentice watch --env track-camera-held-out --expert --out drive/%04d.png --every 2",
      ),
    )
    .action(async (target: string | undefined, options) => (await import("./watch.ts")).watch({ target, ...options }));
}

function addDemos(apprentice: Command): void {
  const demos = apprentice.command("demos").description("demonstrations of experts");
  demos
    .command("record")
    .description("record an expert's demonstrations")
    .requiredOption("--env <name>", "environment, one of: apprentice envs")
    .option("--expert <name>", "who acts, see: apprentice envs; or the folder of a run (default: the environment's own)")
    .requiredOption("--out <file>", "where to (.npz, .jsonl, .safetensors)")
    .option("--episodes <n>", "how many trajectories", whole(1), 50)
    .option("--seed <n>", "what everything random is drawn from", whole(0), 0)
    .option("--json", "print one JSON object as the last line")
    .addHelpText("after", example("apprentice demos record --env CartPole-v1 --expert balancer --episodes 50 --out demos.npz"))
    .action(async (options) => (await import("./data.ts")).recordDemos(options));
}

function addData(apprentice: Command): void {
  const data = apprentice.command("data").description("files of demonstrations");
  data
    .command("inspect")
    .description("say what a file of demonstrations, preferences, texts or prompts holds")
    .argument("<file>", `demonstrations (.npz, .jsonl, .safetensors), preferences (${PREFERENCES}), texts or prompts (${TEXTS})`)
    .option("--env <name>", "environment that it should fit")
    .option("--tokenizer <folder>", "model whose tokens texts are counted in")
    .option("--json", "print one JSON object as the last line")
    .addHelpText("after", example("apprentice data inspect demos.npz"))
    .action(async (file: string, options) => (await import("./data.ts")).inspect(file, options));
  data
    .command("convert")
    .description("write demonstrations in another format")
    .argument("<in>", "the file to read")
    .argument("<out>", "the file to write; its ending says the format")
    .option("--env <name>", "environment that it should fit")
    .addHelpText("after", example("apprentice data convert demos.npz demos.jsonl"))
    .action(async (from: string, to: string, options) => (await import("./data.ts")).convert(from, to, options));
}

function addReproduce(apprentice: Command): void {
  apprentice
    .command("reproduce")
    .description("reproduce papers' claims: what each claims, what is measured, whether it holds")
    .argument("[experiment...]", "experiments by name (none: lists them)")
    .option("--all", "every experiment", false)
    .option("--quick", "fewer repetitions and smaller worlds: seconds", false)
    .option("--seeds <n>", "independent repetitions (default: each experiment's own)", whole(1))
    .option("--jobs <n>", "experiments at the same time (default: one a core)", whole(1))
    .option("--out <file>", "the report, with a figure each", "report.html")
    .option("--figures <folder>", "also write every figure as SVG and PNG")
    .option("--json", "print one JSON array as the last line", false)
    .addHelpText("after", example("apprentice reproduce horizon", "apprentice reproduce --all --json"))
    .action(async (ids: string[], options) => (await import("./reproduce.ts")).reproduce({ ids, ...options }));
}

function addBenchmark(apprentice: Command): void {
  apprentice
    .command("benchmark")
    .description("compare the algorithms on the same demonstrations: scores from 0 (chance) to 1 (the expert), with intervals")
    .option("--quick", "the classic tasks alone, with fewer seeds: minutes", false)
    .option("--seeds <n>", "independent repetitions (default: 10, quick 3)", whole(1))
    .option("--only <name...>", "these environments and algorithms alone", gathered)
    .option("--episodes <n>", "demonstrations that each algorithm is shown (default: each environment's own)", whole(1))
    .option("--judge-episodes <n>", "episodes that each policy is measured over", whole(1), 100)
    .option("--set <algorithm.name=value...>", "settings of an algorithm, see: apprentice algorithms NAME", gathered)
    .option("--jobs <n>", "runs at the same time (default: one a core)", whole(1))
    .option("--out <folder>", "where runs, tables and figures are kept; the same folder goes on", "runs/benchmark")
    .option("--json", "print one JSON object as the last line", false)
    .addHelpText(
      "after",
      "\nThe exit code is 0 if every run was made: expectations of the table that don't hold are results, too. (reproduce ends with 1\nwhere a claim doesn't hold.)",
    )
    .addHelpText(
      "after",
      example(
        "apprentice benchmark --quick",
        "apprentice benchmark --quick --only CartPole-v1 bc dagger --seeds 5",
        "apprentice benchmark --quick --set gail.steps=100000 --json",
      ),
    )
    .action(async (options) => (await import("./benchmark.ts")).benchmark(options));
}

function addEnvs(apprentice: Command): void {
  apprentice
    .command("envs")
    .description("list the environments and their experts")
    .option("--json", "print JSON")
    .addHelpText("after", example("apprentice envs"))
    .action(async ({ json }) => (await import("./lists.ts")).listEnvs(json));
}

function addAlgorithms(apprentice: Command): void {
  apprentice
    .command("algorithms")
    .description("list the algorithms, or the settings of one")
    .argument("[name]", "an algorithm")
    .option("--env <name>", "the settings' defaults in an environment")
    .option("--json", "print JSON")
    .addHelpText("after", example("apprentice algorithms bc", "apprentice algorithms ppo --env Pendulum-v1"))
    .action(async (name: string | undefined, options) => (await import("./lists.ts")).listAlgorithms(name, options));
}

function addDemo(apprentice: Command): void {
  apprentice
    .command("demo")
    .description("clone the CartPole expert from 1, 5 and 50 demonstrations (what npm start shows)")
    .option("--out <folder>", "where the runs are kept (default: runs/demo, or the next that is free)")
    .addHelpText("after", example("apprentice demo"))
    .action(async ({ out }) => (await import("./demo.ts")).demo(out));
}

function example(...lines: string[]): string {
  return `\n${lines.length > 1 ? "Examples" : "Example"}:\n${lines.map((line) => `  ${line}`).join("\n")}`;
}
