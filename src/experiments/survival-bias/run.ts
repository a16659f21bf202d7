import { type AdversarialOptions, gail, train } from "../../algorithms/index.ts";
import { episodeReturns, rollout } from "../../data/index.ts";
import { defineEnv } from "../../envs/index.ts";
import { meanInterval } from "../../evaluation/index.ts";
import { box, discrete, type Env, type Expert } from "../../mdp/index.ts";
import { mlp } from "../../policies/index.ts";
import { type Experiment, judged, type Measured } from "../experiment.ts";
import expected from "./expected.json" with { type: "json" };

const STEPS = 50;
/** Places from the middle to either end. */
const END = 4;

/** A corridor that is open at both ends. Each step costs 1 (or pays 1), and whoever is out has done with it. */
interface Corridor {
  readonly name: "leave" | "stay";
  readonly env: Env;
  readonly expert: Expert;
}

function corridor(name: Corridor["name"]): Corridor {
  const reward = name === "leave" ? -1 : 1;
  const env = defineEnv({
    id: `corridor-${name}`,
    observation: box([1], -END, END),
    action: discrete(2),
    maxSteps: STEPS,
    reset: (random) => ({ x: random.integer(3) - 1 }),
    step({ x }, a) {
      const to = x + (a === 1 ? 1 : -1);
      return { state: { x: to }, reward, terminated: Math.abs(to) >= END };
    },
    observe: ({ x }) => [x],
  });
  // out by the right end; or to the middle and round it
  const label = (seen: ArrayLike<number>) => Int32Array.from(seen, (x) => (name === "leave" || x <= 0 ? 1 : 0));
  return { name, env, expert: { label } };
}

const FORMS = ["positive", "negative"] as const;
type Form = (typeof FORMS)[number];
const written: Record<Form, string> = { positive: "-log(1 - D)", negative: "log D" };

const SETTINGS: Partial<AdversarialOptions> = {
  ...{ copies: 16, rolloutSteps: 32, gamma: 0.95 },
  ...{ rewardHidden: [16], rewardRate: 3e-3, gradientPenalty: 0.1 },
};

/** What one learner was: where, by which reward, with an absorbing state or without. */
interface Case {
  readonly corridor: Corridor;
  readonly form: Form;
  readonly absorbing: boolean;
}

/** The sign of a reward decides when an episode ends, unless what comes after its end is somewhere. */
export const survivalBias: Experiment = {
  id: "survival-bias",
  title: "When to end: the sign of GAIL's reward, and absorbing states",
  source: "Kostrikov, Agrawal, Dwibedi, Levine & Tompson 2019, sections 4.1 and 5.2",
  claims: expected,

  async run({ quick = false, seeds = quick ? 2 : 10, onProgress }) {
    const steps = quick ? 24_000 : 60_000;
    const cases: Case[] = (["leave", "stay"] as const)
      .map(corridor)
      .flatMap((own) => [true, false].flatMap((absorbing) => FORMS.map((form) => ({ corridor: own, form, absorbing }))))
      .filter(({ corridor: { name }, form, absorbing }) => !quick || absorbing || (name === "leave") === (form === "positive"));
    const results: { of: Case; length: Measured }[] = [];
    let done = 0;
    for (const of of cases) {
      const lengths: number[] = [];
      for (let seed = 0; seed < seeds; seed++) {
        lengths.push(await stayed(of, steps, seed));
        onProgress?.({ done: ++done, total: cases.length * seeds, unit: "runs" });
      }
      results.push({ of, length: meanInterval(lengths) });
    }
    const found = (name: string, absorbing: boolean, form?: Form) =>
      results
        .filter(({ of }) => of.corridor.name === name && of.absorbing === absorbing && (form ?? of.form) === of.form)
        .map(({ length }) => length);
    const most = (all: Measured[]) => all.reduce((a, b) => (b.high > a.high ? b : a));
    const least = (all: Measured[]) => all.reduce((a, b) => (b.low < a.low ? b : a));
    return {
      rows: judged(
        expected,
        {
          leave: most(found("leave", true)),
          stay: least(found("stay", true)),
          lingers: least(found("leave", false, "positive")),
          flees: most(found("stay", false, "negative")),
        },
        quick ? { undecided: ["leave"] } : {},
      ),
      figures: (["leave", "stay"] as const).map((name) => ({
        kind: "intervals" as const,
        title: name === "leave" ? "Each step costs: out at once is best" : "Each step pays: to stay is best",
        caption: `Steps of an episode, of at most ${STEPS}. Means over ${seeds} learners with 95 % intervals; actions are drawn.`,
        x: "steps of an episode",
        rows: results
          .filter(({ of }) => of.corridor.name === name)
          .map(({ of: { form, absorbing }, length }) => ({
            label: `${written[form]}, ${absorbing ? "absorbing state" : "no absorbing state"}`,
            value: length,
          })),
        reference: { label: "expert", value: name === "leave" ? END : STEPS },
      })),
    };
  },
};

/** The mean length of the episodes of a learner that was shown ten of the expert's. */
async function stayed({ corridor: { env, expert }, form, absorbing }: Case, steps: number, seed: number): Promise<number> {
  const demos = await rollout(env, expert, { episodes: 10, seed });
  const problem = { env, demos, policy: mlp(env, { hidden: [16] }) };
  const { policy } = await train(gail, problem, { ...SETTINGS, steps, rewardForm: form, absorbing, seed });
  const { lengths } = await episodeReturns(env, policy, { episodes: 100, seed: 1000 + seed });
  return lengths.reduce((sum, value) => sum + value, 0) / lengths.length;
}
