import type { Actor } from "../data/index.ts";
import { count, type Dataset, episodeReturns, returns, rewardsKnown, rollout } from "../data/index.ts";
import type { Env, Expert, Observations, Policy, TabularMdp } from "../mdp/index.ts";
import { type Bound, behaviorCloningBound } from "../theory/index.ts";
import { disagreementByTrajectory } from "./disagreement.ts";
import { differenceOfMeans, type Interval, meanInterval, pairedDifference } from "./statistics.ts";

/** The expert to compare with: one that can be asked, or what it left behind. At least one of the two is needed. */
export interface JudgeOptions {
  /** An expert that answers for any state; then its episodes are played under the same chances as the learner's. */
  readonly expert?: Expert | (Policy & Expert);
  /** Its demonstrations: they give its mean return where it can't be asked. */
  readonly demos?: Dataset;
  /** Demonstrations that the learner has not seen, for the disagreement on the expert's states; without them fresh ones are played. */
  readonly heldOut?: Dataset;
  readonly episodes?: number;
  readonly seed?: number;
  /** Coverage of the intervals. */
  readonly confidence?: number;
  /** Episodes of which every state is compared. */
  readonly comparedEpisodes?: number;
}

/** How often, or how far, learner and expert differ. */
export interface DisagreementEstimate extends Interval {
  /** Trajectories whose states were compared. */
  readonly trajectories: number;
  /** `mismatch`: share of states with another choice. `distance`: root mean square, in half action ranges. */
  readonly measure: "mismatch" | "distance";
}

/** What a clone is worth, with intervals. Returns are in the environment's units. */
export interface Verdict {
  readonly env: string;
  readonly episodes: number;
  readonly seed: number;
  readonly confidence: number;
  /** V^π̂(ρ) with the most likely action at every step. */
  readonly learner: Interval;
  /** V^π̂(ρ) with drawn actions. */
  readonly sampled: Interval;
  /** V^π*(ρ) */
  readonly expert: Interval;
  /** V^π*(ρ) - V^π̂(ρ) */
  readonly gap: Interval;
  /** V^π*(ρ) - V^π̂(ρ) with drawn actions. */
  readonly sampledGap: Interval;
  /** ε on states of the expert that the learner has not seen. */
  readonly onExpertStates?: DisagreementEstimate;
  /** ε on the learner's own states, where the expert can be asked. */
  readonly onLearnerStates?: DisagreementEstimate;
  /** H Range(Q^π̂) ε with the exact gap, where every number of the world is known and the expert can be asked. */
  readonly bound?: Bound;
}

/**
 * The value gap V^π*(ρ) - V^π̂(ρ), estimated (slides: the lecture's goal). Learner and expert play the same episodes (the
 * same streams of chance), so the gap's interval is that of paired differences; against demonstrations alone it is the
 * interval of a difference of two means. Throws without an expert and without demonstrations.
 */
export async function judge(env: Env, policy: Policy, options: JudgeOptions): Promise<Verdict> {
  const { expert, demos, episodes = 100, seed = 0, confidence = 0.95, comparedEpisodes = 20 } = options;
  if (!expert && !demos) throw new TypeError("judge needs somebody to compare with; pass { expert } or { demos }");
  if (!expert && demos && !rewardsKnown(demos)) {
    throw new RangeError("the demonstrations have no rewards, so there is no return of theirs to compare with; pass { expert }");
  }
  const play = async (actor: Actor, deterministic: boolean) =>
    (await episodeReturns(env, actor, { episodes, seed, deterministic })).returns;
  const learner = await play(policy, true);
  const sampled = await play(policy, false);
  const reference = expert ? await play(actorOf(expert), true) : returns(demos!);
  const how = { seed, confidence };
  const gapTo = (own: Float64Array) => (expert ? pairedDifference(reference, own, how) : differenceOfMeans(reference, own, how));

  const measure = env.action.kind === "box" ? ("distance" as const) : ("mismatch" as const);
  const compare = async (data: Dataset, by: Policy): Promise<DisagreementEstimate> => ({
    measure,
    trajectories: count(data),
    ...meanInterval(await disagreementByTrajectory(by, data), how),
  });
  const some = { episodes: Math.min(episodes, comparedEpisodes), seed: seed + 1, deterministic: true };
  const expertData = options.heldOut ?? (expert ? await rollout(env, actorOf(expert), some) : undefined);
  const mdp = tables(env);
  return {
    env: env.id,
    episodes,
    seed,
    confidence,
    learner: meanInterval(learner, how),
    sampled: meanInterval(sampled, how),
    expert: meanInterval(reference, how),
    gap: gapTo(learner),
    sampledGap: gapTo(sampled),
    ...(expertData ? { onExpertStates: await compare(expertData, policy) } : {}),
    ...(expert ? { onLearnerStates: await compare(await rollout(env, policy, some), asPolicy(env, expert)) } : {}),
    ...(expert && mdp ? { bound: await exactBound(mdp, expert, policy) } : {}),
  };
}

function actorOf(expert: Expert): Actor {
  return expert;
}

function asPolicy(env: Env, expert: Expert): Policy {
  return { observation: env.observation, action: env.action, act: (observations: Observations) => expert.label(observations) };
}

/** The exact tables of a tabular environment. */
function tables(env: Env): TabularMdp | undefined {
  return (env as Env & { readonly mdp?: TabularMdp }).mdp;
}

async function exactBound(mdp: TabularMdp, expert: Expert, policy: Policy): Promise<Bound> {
  const states = Float32Array.from({ length: mdp.S }, (_, s) => s);
  const table = (actions: ArrayLike<number>) => {
    const pi = new Float64Array(mdp.S * mdp.A);
    for (let s = 0; s < mdp.S; s++) pi[s * mdp.A + actions[s]] = 1;
    return pi;
  };
  const piStar = table(await expert.label(states));
  const piHat = table(await policy.act(states, { deterministic: true }));
  return behaviorCloningBound(mdp, { piStar, piHat });
}
