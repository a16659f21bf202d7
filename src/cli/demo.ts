import { existsSync } from "node:fs";
import { lineFigure, png, writeWhole } from "../runs/index.ts";
import { BadInput } from "./exit.ts";
import { interval } from "./present.ts";
import { print, say, short, table } from "./terminal.ts";
import { type Trained, train } from "./train.ts";

const ENV = "CartPole-v1";
const DEMONSTRATIONS = [1, 5, 50];

/** Clones the CartPole expert from a few and from many demonstrations, and shows what each clone is worth. */
export async function demo(folder?: string): Promise<void> {
  const out = folder ?? freeName("runs/demo");
  if (existsSync(`${out}/config.json`)) throw new BadInput(`${out} holds a run; give demo another folder with --out`);
  const runs: Trained[] = [];
  for (const episodes of DEMONSTRATIONS) {
    const command = ["train", "bc", "--env", ENV, "--episodes", String(episodes), "--out", `${out}/${episodes}-demonstrations`];
    say(`\napprentice ${command.join(" ")}`);
    runs.push(
      await train({
        algorithm: "bc",
        env: ENV,
        episodes,
        judgeEpisodes: 100,
        out: `${out}/${episodes}-demonstrations`,
        seed: 0,
        checkpointEvery: 2,
        command,
      }),
    );
  }
  const picture = await drawn(runs);
  writeWhole(`${out}/gap.svg`, picture);
  writeWhole(`${out}/gap.png`, await png(picture));

  print("");
  print(`What a clone of the CartPole expert is worth (${runs[0].verdict.episodes} episodes, 95 % intervals)\n`);
  const head = ["demonstrations", "expert", "clone", "interval", "gap", "interval", "disagreement"];
  print(
    table(
      runs.map(({ verdict }, i) => [
        String(DEMONSTRATIONS[i]),
        verdict.expert ? short(verdict.expert.mean) : "",
        short(verdict.learner.mean),
        interval(verdict.learner),
        ...(verdict.gap ? [short(verdict.gap.mean), interval(verdict.gap)] : []),
        verdict.onExpertStates ? `${short(100 * verdict.onExpertStates.mean)} %` : "",
      ]),
      head,
    ),
  );
  const best = runs[runs.length - 1].out;
  print("");
  print(
    table([
      ["picture", `${out}/gap.svg (and gap.png)`],
      ["policy", `${best}/policy.onnx, for any ONNX runtime`],
      ["report", `${best}/report.html, with the clone acting`],
    ]),
  );
  print("\nWhat to try next:\n");
  print(`  npx apprentice evaluate ${best} --episodes 500`);
  print("  npx apprentice train bc --env Pendulum-v1 --episodes 50");
  print("  npx apprentice envs");
}

function drawn(runs: readonly Trained[]): Promise<string> {
  const line = (name: string, which: "learner" | "expert") => ({
    name,
    points: runs.flatMap(({ verdict }, i) => {
      const value = verdict[which];
      return value ? [{ x: DEMONSTRATIONS[i], y: value.mean, low: value.low, high: value.high }] : [];
    }),
  });
  return lineFigure({
    title: `What a clone of the expert is worth in ${ENV}`,
    x: "demonstrations (episodes, logarithmic)",
    y: "return of an episode (time steps upright)",
    logX: true,
    series: [line("clone, with its 95 % interval", "learner"), line("expert", "expert")],
  });
}

/** The name, or the first of name-2, name-3, ... that is free. */
function freeName(name: string): string {
  for (let i = 1; ; i++) {
    const candidate = i === 1 ? name : `${name}-${i}`;
    if (!existsSync(candidate)) return candidate;
  }
}
