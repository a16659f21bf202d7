import { behaviorCloning, dagger, train } from "../../algorithms/index.ts";
import { rng } from "../../autodiff/index.ts";
import { type Pairs, pairs, visitActing } from "../../data/index.ts";
import { type TabularEnv, tightrope } from "../../envs/index.ts";
import { type Planner, planner } from "../../experts/index.ts";
import type { Observations } from "../../mdp/index.ts";
import { tableOf, tabular } from "../../policies/index.ts";
import { type Bound, behaviorCloningBound, daggerBound } from "../../theory/index.ts";
import { type Experiment, judged } from "../experiment.ts";
import { exponent, lineOf, type Repeated, ratioInterval } from "../power-law.ts";
import expected from "./expected.json" with { type: "json" };

/** One label in so many is wrong: few, so that an episode of 512 steps has a quarter of an error. */
const BLOCK = 2000;
/** The error rate that the figure shows the gap at: the scribe's own, which each learner's is close to. */
const SHOWN = 1 / BLOCK;

/** ε H² against ε H: behavior cloning and DAgger on a tightrope that can be climbed back onto. */
export const horizon: Experiment = {
  id: "horizon",
  title: "What an error costs: the square of the horizon, or the horizon",
  source: 'Ross & Bagnell 2010; Ross, Gordon & Bagnell 2011; slides "distribution shift" and "Analysis"',
  claims: expected,

  async run({ quick = false, seeds = quick ? 3 : 8, onProgress }) {
    const horizons = quick ? [8, 512] : [8, 16, 32, 64, 128, 256, 512];
    const labels = quick ? 20_000 : 50_000;
    const found = { clone: [] as Bound[][], guessing: [] as Bound[][], dagger: [] as Bound[][] };
    for (const [i, H] of horizons.entries()) {
      for (const runs of Object.values(found)) runs.push([]);
      for (let seed = 0; seed < seeds; seed++) {
        const { clone, guessing, aggregated } = await once(H, labels, 1000 * i + seed);
        found.clone[i].push(clone);
        found.guessing[i].push(guessing);
        found.dagger[i].push(aggregated);
        onProgress?.({ done: i * seeds + seed + 1, total: horizons.length * seeds, unit: "runs" });
      }
    }
    const perError = (runs: Bound[][], of: "gap" | "bound" = "gap"): Repeated[] =>
      horizons.map((x, i) => ({ x, values: runs[i].map((run) => run[of]), per: runs[i].map(({ eps }) => eps) }));
    const clone = found.clone.flat();
    const aggregated = found.dagger.flat();
    const rates = ratioInterval({ values: aggregated.map(({ eps }) => eps), per: clone.map(({ eps }) => eps) });
    const largestShare = (runs: Bound[]) => Math.max(...runs.map(({ gap, bound }) => (bound > 0 ? gap / bound : 0)));
    return {
      rows: judged(expected, {
        bc: exponent(perError(found.clone)),
        dagger: exponent(perError(found.dagger)),
        rates,
        bcBound: largestShare(clone),
        daggerBound: largestShare(aggregated),
      }),
      figures: [
        {
          kind: "lines",
          title: "The value lost where one label in 2000 is wrong",
          caption: `Exact gaps on the tightrope with a ladder: means of ${seeds} runs with 95 % intervals (narrower than the marks), and the lecture's bounds. The clone that guesses in states without data climbs back by luck.`,
          x: "horizon H (steps, logarithmic)",
          y: "gap at ε = 0.0005 (units of reward, logarithmic)",
          logX: true,
          logY: true,
          series: [
            lineOf("bound of behavior cloning, H Range(Q^π̂) ε", perError(found.clone, "bound"), SHOWN),
            lineOf("behavior cloning", perError(found.clone), SHOWN),
            lineOf("behavior cloning that guesses off the rope", perError(found.guessing), SHOWN),
            lineOf("bound of DAgger, H Range(Q^π*) ε", perError(found.dagger, "bound"), SHOWN),
            lineOf("DAgger", perError(found.dagger), SHOWN),
          ],
        },
      ],
    };
  },
};

/** One expert, one careless scribe, as many labels for each learner. */
async function once(H: number, labels: number, seed: number) {
  const env = tightrope({ H, length: 1, recovery: true });
  const expert = planner(env);
  const policy = tabular(env);
  const label = scribe(expert, seed);
  const { states } = await visitActing(env, expert, { n: labels, seed });
  const demos = pairs(env.observation, env.action, states, label(states));
  const clone = await train(behaviorCloning, { demos, policy }, { unseen: "marginal" });
  const guessing = await train(behaviorCloning, { demos, policy });
  const rounds = 4;
  const share = labels / (rounds + 1);
  const aggregated = await train(
    dagger,
    { env, expert: { label }, policy, demos: firstOf(env, demos, share) },
    { rounds, states: share, beta: [], unseen: "marginal", validationEpisodes: 0, seed },
  );
  const pair = async (of: { policy: typeof clone.policy }) => ({ piStar: expert.pi, piHat: await tableOf(of.policy) });
  return {
    clone: behaviorCloningBound(env.mdp, await pair(clone)),
    guessing: behaviorCloningBound(env.mdp, await pair(guessing)),
    aggregated: daggerBound(env.mdp, await pair(aggregated)),
  };
}

/** Writes down what the expert says, but for one label of every block, at a random place in it. */
function scribe(expert: Planner, seed: number): (states: Observations) => Int32Array {
  const random = rng(seed).split("scribe");
  let place = 0;
  let wrong = random.integer(BLOCK);
  return (states) =>
    expert.label(states).map((a) => {
      const label = place === wrong ? 1 - a : a;
      place += 1;
      if (place === BLOCK) {
        place = 0;
        wrong = random.integer(BLOCK);
      }
      return label;
    });
}

function firstOf(env: TabularEnv, { observations, actions }: Pairs, n: number): Pairs {
  return pairs(env.observation, env.action, observations.slice(0, n), actions.slice(0, n));
}
