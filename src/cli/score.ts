import { existsSync } from "node:fs";
import { join } from "node:path";
import type { TextPreference, TextRating } from "../data/index.ts";
import { readRewardModel, type TextRewardModel } from "../rewards/index.ts";
import { filesIn, PREFERENCE_ENDINGS, readPreferences, streamTexts } from "../runs/index.ts";
import { usableComparisons } from "./comparisons.ts";
import { BadInput, given } from "./exit.ts";
import { noSuchFile } from "./files.ts";
import { measureTable } from "./language-report.ts";
import { languageSettings } from "./language-settings.ts";
import { kindOfTexts } from "./preferences.ts";
import { rewardMeasures, rewardsOf } from "./reward-measures.ts";
import { type ScoredLine, scoredLines } from "./score-lines.ts";
import { scoreResponses, type WrittenResponse } from "./score-responses.ts";
import { readSettings } from "./settings.ts";
import { counted, print, printJson, say, short, table } from "./terminal.ts";
import { idsOf } from "./texts.ts";
import { moreWords, tellUnknown } from "./unknown.ts";

export interface ScoreRequest {
  /** The folder of a run, or of a reward model. */
  readonly target: string;
  readonly data: string;
  /** A file to which each comparison's rewards go, a line each. */
  readonly out?: string;
  /** Whether to go on behind the lines that `out` has. */
  readonly resume?: boolean;
  /** `unusable=leave-out`: what to do with comparisons that say nothing. */
  readonly set?: readonly string[];
  readonly json?: boolean;
}

/** Comparisons that are shown. */
const SHOWN = 10;

interface Line extends ScoredLine {
  readonly chosen: number;
  readonly rejected: number;
  readonly chosenStd: number;
  readonly rejectedStd: number;
}

/**
 * Scores the comparisons of a file by a reward model: the rewards of each, and how well they agree with what was chosen; or its single
 * responses, a reward each.
 */
export async function score({ target, data, out, resume = false, set = [], json = false }: ScoreRequest): Promise<void> {
  if (resume && out === undefined) throw new BadInput("--resume goes on behind the lines of --out FILE, found no --out; give it");
  if (out !== undefined && existsSync(out) && !resume) {
    throw new BadInput(`${out}: there is such a file already; go on behind its lines with --resume, or name another one`);
  }
  const { unusable } = readSettings({ unusable: languageSettings.unusable }, set, "score");
  if (!existsSync(data)) throw noSuchFile(data, `comparisons, or single responses (${PREFERENCE_ENDINGS.join(", ")})`);
  const reward = await loadRewardModel(target);
  const responses = (await kindOfTexts(data)) === "texts" ? await given(() => responsesOf(data)) : undefined;
  const records = responses ? [] : await given(() => readPreferences(data));
  const ratings = records.filter((record): record is TextRating => record.kind === "rating");
  const singles = responses ?? (ratings.length === records.length ? ratings : []);
  if (singles.length > 0)
    return scoreResponses({ target, reward, data, responses: singles, unusable: unusable as "refuse", out, resume, json });
  const texts = records.filter((record): record is TextPreference => record.kind === "preference");
  if (texts.length === 0)
    throw new BadInput(`${data}: found no comparisons, expected chosen and rejected responses, or single ones to prompts`);
  if (texts.length < records.length) throw new BadInput(`${data}: ratings stand among comparisons, expected comparisons alone`);
  const reader = { tokenizer: reward.tokenizer, context: reward.policy.model.config.context };
  const { pairs, numbers, tokens } = await given(() => usableComparisons(data, texts, reader, unusable as "refuse"));
  if (pairs.length === 0) throw new BadInput(`${data}: none of ${counted(texts.length, "comparison")} can be scored`);
  tellUnknown(reward.tokenizer, idsOf(tokens), data, moreWords(false));
  contradictions(texts, data);

  const lines = await scoredLines<Line>({
    one: "comparison",
    numbers,
    figures: ["chosen", "rejected"],
    out,
    resume,
    lines: async (from, to) => {
      const { rw, rl, stdW, stdL } = await given(() => rewardsOf(reward, pairs.slice(from, to)));
      return Array.from(rw, (chosen, k): Line => {
        return { number: numbers[from + k] + 1, chosen, rejected: rl[k], chosenStd: stdW[k], rejectedStd: stdL[k] };
      });
    },
  });
  const measures = rewardMeasures(
    lines.map(({ chosen }) => chosen),
    lines.map(({ rejected }) => rejected),
  );
  if (json) {
    const named = measures.map(({ id, after, interval }) => [
      id,
      interval ? { mean: after, low: interval[0], high: interval[1] } : after,
    ]);
    const { kind } = reward.choice;
    printJson({ model: target, kind, members: reward.members.length, data, ...Object.fromEntries(named), rewards: lines });
    return;
  }
  const several = reward.members.length > 1;
  const shown = lines.slice(0, SHOWN).map(({ number, chosen, rejected, chosenStd, rejectedStd }) => {
    const doubt = (std: number) => (several ? ` ± ${short(std)}` : "");
    return [String(number), short(chosen) + doubt(chosenStd), short(rejected) + doubt(rejectedStd)];
  });
  print(table(shown, ["comparison", "reward of chosen", "of rejected"]));
  if (lines.length > SHOWN)
    print(`... ${lines.length - SHOWN} more${out === undefined ? "; all of them: --out FILE" : `, all in ${out}`}`);
  print("");
  const { rows, head } = measureTable(measures, counted(lines.length, "comparison"));
  print(table(rows, head));
}

/** The responses of a file that has no comparisons. */
async function responsesOf(file: string): Promise<WrittenResponse[]> {
  const found: WrittenResponse[] = [];
  for await (const record of streamTexts(file, "all")) {
    if (record.kind === "text")
      throw new BadInput(`${file}: record ${found.length + 1} is a text, expected prompt and completion, or chosen and rejected`);
    found.push(record);
  }
  return found;
}

/** The reward model in a folder, or in the folder of a run. */
export async function loadRewardModel(target: string): Promise<TextRewardModel> {
  if (!existsSync(target)) throw new BadInput(`${target}: there is no such folder, expected a run of train reward-model`);
  const folder = existsSync(join(target, "reward", "reward.json")) ? join(target, "reward") : target;
  if (existsSync(join(target, "model", "config.json")))
    throw new BadInput(`${target} is a language model, expected a reward model: a run of train reward-model`);
  try {
    return await given(() => readRewardModel(filesIn(folder)));
  } catch (error) {
    throw error instanceof BadInput ? new BadInput(`${folder}: ${error.message}`, { cause: error }) : error;
  }
}

/** Says so where comparisons contradict each other: no reward ranks both of two such rightly. */
function contradictions(texts: readonly TextPreference[], file: string): void {
  const key = (a: unknown, b: unknown, c: unknown) => JSON.stringify([a, b, c]);
  const said = new Set(texts.map(({ prompt, chosen, rejected }) => key(prompt, chosen, rejected)));
  const n = texts.filter(({ prompt, chosen, rejected }) => said.has(key(prompt, rejected, chosen))).length;
  if (n > 0)
    say(
      `note: ${file}: ${n} of ${texts.length} comparisons say the opposite of another one; of each such two at most one is ranked rightly`,
    );
}
