import { isBlank, type TextRecord, tokenisedRatings } from "../data/index.ts";
import { fitContext } from "../policies/index.ts";
import { answerRewards, type TextRewardModel } from "../rewards/index.ts";
import { tellCuts } from "./comparisons.ts";
import { BadInput, given } from "./exit.ts";
import { type ScoredLine, scoredLines } from "./score-lines.ts";
import { counted, print, printJson, say, short, table } from "./terminal.ts";
import { moreWords, tellUnknown } from "./unknown.ts";

/** A response to a prompt, as a file has it; with what it was found, where the file says so. */
export interface WrittenResponse {
  readonly prompt: Extract<TextRecord, { kind: "completion" }>["prompt"];
  readonly completion: Extract<TextRecord, { kind: "completion" }>["completion"];
  readonly label?: boolean;
}

export interface ScoreResponsesRequest {
  readonly target: string;
  readonly reward: TextRewardModel;
  readonly data: string;
  readonly responses: readonly WrittenResponse[];
  readonly unusable: "refuse" | "leave-out";
  readonly out?: string;
  readonly resume: boolean;
  readonly json: boolean;
}

interface Line extends ScoredLine {
  readonly reward: number;
  /** How far the members of an ensemble differ. */
  readonly std: number;
  readonly label?: boolean;
}

/** Responses that are shown. */
const SHOWN = 10;

/** Scores single responses: the reward of each. */
export async function scoreResponses(request: ScoreResponsesRequest): Promise<void> {
  const { target, reward, data, responses, unusable, out, resume, json } = request;
  const { tokenizer, policy } = reward;
  const numbers = responses.flatMap(({ completion }, i) => (isBlank(completion) ? [] : [i]));
  const left = responses.length - numbers.length;
  if (left > 0 && unusable === "refuse") {
    const first = responses.findIndex(({ completion }) => isBlank(completion)) + 1;
    throw new BadInput(
      `${data}: record ${first}: the completion is empty; correct it, or leave such records out with --set unusable=leave-out`,
    );
  }
  if (left > 0) say(`${left} of ${counted(responses.length, "record")} left out: an empty response`);
  if (numbers.length === 0) throw new BadInput(`${data}: none of ${counted(responses.length, "response")} can be scored`);
  const all = tokenisedRatings(
    tokenizer,
    numbers.map((i) => ({ kind: "rating", label: true, ...responses[i] })),
  );
  tellUnknown(
    tokenizer,
    all.flatMap(({ x, y }) => [x, y.actions]),
    data,
    moreWords(false),
  );
  // Without a prompt, a response begins where the last text ended.
  const begun = all.map((answer) =>
    answer.x.length > 0 ? answer : { ...answer, x: Int32Array.from(tokenizer.end.slice(0, 1)) },
  );
  const { answers, cuts } = fitContext(begun, policy.model.config.context);
  tellCuts(cuts.length, counted(all.length, "response"), policy.model.config.context);
  const lines = await scoredLines<Line>({
    one: "response",
    numbers,
    figures: ["reward", "std"],
    out,
    resume,
    lines: async (from, to) => {
      const { mean, std } = await given(() => answerRewards(reward, answers.slice(from, to)));
      return Array.from(mean, (r, k): Line => {
        const { label } = responses[numbers[from + k]];
        return { number: numbers[from + k] + 1, reward: r, std: std[k], ...(label === undefined ? {} : { label }) };
      });
    },
  });
  const groups = [
    { id: "reward", name: "reward", of: lines },
    { id: "good", name: "of responses found good", of: lines.filter(({ label }) => label === true) },
    { id: "bad", name: "of those found bad", of: lines.filter(({ label }) => label === false) },
  ].filter(({ of }) => of.length > 0);
  const spreads = groups.map(({ id, name, of }) => ({ id, name, responses: of.length, ...spreadOf(of) }));
  if (json) {
    const { kind } = reward.choice;
    const named = spreads.map(({ id, name: _name, ...figures }) => [id, figures]);
    printJson({ model: target, kind, members: reward.members.length, data, ...Object.fromEntries(named), rewards: lines });
    return;
  }
  const several = reward.members.length > 1;
  const shown = lines
    .slice(0, SHOWN)
    .map((line) => [String(line.number), short(line.reward) + (several ? ` ± ${short(line.std)}` : "")]);
  print(table(shown, ["response", "reward"]));
  if (lines.length > SHOWN)
    print(`... ${lines.length - SHOWN} more${out === undefined ? "; all of them: --out FILE" : `, all in ${out}`}`);
  print("");
  const rows = spreads.map(({ name, responses: n, mean, std, min, max }) => [
    name,
    String(n),
    ...[mean, std, min, max].map(short),
  ]);
  print(table(rows, ["", "responses", "mean", "std", "min", "max"]));
}

function spreadOf(lines: readonly Line[]): { mean: number; std: number; min: number; max: number } {
  const rewards = lines.map(({ reward }) => reward);
  const mean = rewards.reduce((a, b) => a + b, 0) / rewards.length;
  const std = Math.sqrt(rewards.reduce((sum, r) => sum + (r - mean) ** 2, 0) / rewards.length);
  return { mean, std, min: rewards.reduce((a, b) => Math.min(a, b)), max: rewards.reduce((a, b) => Math.max(a, b)) };
}
