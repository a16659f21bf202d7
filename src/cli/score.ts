import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TextPreference } from "../data/index.ts";
import { readRewardModel, type TextRewardModel } from "../rewards/index.ts";
import { filesIn, PREFERENCE_ENDINGS, readPreferences } from "../runs/index.ts";
import { usableComparisons } from "./comparisons.ts";
import { BadInput, given } from "./exit.ts";
import { noSuchFile } from "./files.ts";
import { measureTable } from "./language-report.ts";
import { languageSettings } from "./language-settings.ts";
import { rewardMeasures, rewardsOf } from "./reward-measures.ts";
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

/** Comparisons that are scored before their lines are written. */
const TOGETHER = 64;
/** Comparisons that are shown. */
const SHOWN = 10;

interface Line {
  /** Of its record in the file, from 1. */
  readonly number: number;
  readonly chosen: number;
  readonly rejected: number;
  readonly chosenStd: number;
  readonly rejectedStd: number;
}

/** Scores the comparisons of a file by a reward model: the rewards of each, and how well they agree with what was chosen. */
export async function score({ target, data, out, resume = false, set = [], json = false }: ScoreRequest): Promise<void> {
  if (resume && out === undefined) throw new BadInput("--resume goes on behind the lines of --out FILE, found no --out; give it");
  if (out !== undefined && existsSync(out) && !resume) {
    throw new BadInput(`${out}: there is such a file already; go on behind its lines with --resume, or name another one`);
  }
  const { unusable } = readSettings({ unusable: languageSettings.unusable }, set, "score");
  if (!existsSync(data)) throw noSuchFile(data, `comparisons (${PREFERENCE_ENDINGS.join(", ")})`);
  const reward = await loadRewardModel(target);
  const records = await given(() => readPreferences(data));
  const texts = records.filter((record): record is TextPreference => record.kind === "preference");
  if (texts.length === 0) throw new BadInput(`${data}: found no comparisons, expected chosen and rejected responses`);
  if (texts.length < records.length) throw new BadInput(`${data}: ratings stand among comparisons, expected comparisons alone`);
  const reader = { tokenizer: reward.tokenizer, context: reward.policy.model.config.context };
  const { pairs, numbers, tokens } = await given(() => usableComparisons(data, texts, reader, unusable as "refuse"));
  if (pairs.length === 0) throw new BadInput(`${data}: none of ${counted(texts.length, "comparison")} can be scored`);
  tellUnknown(reward.tokenizer, idsOf(tokens), data, moreWords(false));
  contradictions(texts, data);

  // Whole batches alone are kept, so that what follows is scored beside the same comparisons as without a stop.
  const known = resume && out !== undefined ? linesOf(out, numbers) : [];
  const lines = known.length === pairs.length ? known : known.slice(0, TOGETHER * Math.floor(known.length / TOGETHER));
  if (lines.length > 0)
    say(`${out}: ${lines.length} of ${counted(pairs.length, "comparison")} are scored, going on with the others`);
  if (out !== undefined) writeFileSync(out, lines.map(written).join(""));
  for (let from = lines.length; from < pairs.length; from += TOGETHER) {
    const { rw, rl, stdW, stdL } = await given(() => rewardsOf(reward, pairs.slice(from, from + TOGETHER)));
    const own = Array.from(rw, (chosen, k): Line => {
      return { number: numbers[from + k] + 1, chosen, rejected: rl[k], chosenStd: stdW[k], rejectedStd: stdL[k] };
    });
    if (out !== undefined) appendFileSync(out, own.map(written).join(""));
    lines.push(...own);
  }
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

const written = (line: Line) => `${JSON.stringify(line)}\n`;

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

/** The lines that a file has, those of the first of these comparisons; a line that was cut is left out. */
function linesOf(file: string, numbers: readonly number[]): Line[] {
  if (!existsSync(file)) return [];
  const lines: Line[] = [];
  for (const text of readFileSync(file, "utf8").split("\n")) {
    if (text === "") continue;
    let line: Line;
    try {
      line = JSON.parse(text) as Line;
    } catch {
      break;
    }
    if (
      lines.length >= numbers.length ||
      line.number !== numbers[lines.length] + 1 ||
      !Number.isFinite(line.chosen) ||
      !Number.isFinite(line.rejected)
    ) {
      throw new BadInput(
        `${file}: line ${lines.length + 1} is not the rewards of the comparison that is expected there; name another file with --out`,
      );
    }
    lines.push(line);
  }
  return lines;
}
