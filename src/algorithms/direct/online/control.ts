import type { Rng } from "../../../autodiff/index.ts";
import type { Actions, Env, Expert, InterveningExpert, Observations, Plain, Policy, Watched } from "../../../mdp/index.ts";
import { size } from "../../../mdp/index.ts";
import { actionArray, putRows, rowsWhere, takeRows } from "../../../policies/index.ts";
import { acting, ExpertError, hearing } from "./answers.ts";

/** Who acts in a round: π = β π* + (1 - β) π̂, and what of the learner's share somebody takes over. */
export interface ControlSetup {
  readonly env: Env;
  readonly expert: Expert;
  readonly piHat: Policy;
  /** 1, 2, ... */
  readonly round: number;
  /** The chance that the expert acts. */
  readonly beta: number;
  /** Whether the coin is tossed at every step, or once an episode. */
  readonly mixing: "step" | "episode";
  /** The learner acts by its most likely action. */
  readonly deterministic: boolean;
  /** Who takes over from the learner. */
  readonly gate?: Gate | undefined;
  /** Steps that the gate may give to the expert. */
  readonly allowed: number;
  readonly timeout: number;
  /** What the expert has said in this round so far. */
  readonly heard: Plain[];
}

/** Who acts next, `[n]`: 1 for the expert, 0 for the learner. */
export interface Gate {
  /** Whether it is the expert who is asked: it may fail, or be late. */
  readonly asksExpert: boolean;
  /** `where` names the states in an error. */
  takes(watched: Watched, where: string): Promise<Uint8Array>;
}

/** An actor, and the account of who acted. */
export interface Control {
  readonly actor: Policy;
  /** By episode and step: 1 where the expert acted. */
  readonly acted: readonly (readonly number[])[];
  readonly effort: Effort;
}

/** What the expert had to do. */
export interface Effort {
  /** Steps it acted in. */
  expertSteps: number;
  /** Times it took over from the learner. */
  interventions: number;
  /** Changes of who acts, either way, within an episode. */
  contextSwitches: number;
}

/** The actor of a round. Its errors name the episode and the step. */
export function control(setup: ControlSetup): Control {
  const { env, expert, piHat, round, beta, mixing, deterministic, gate, timeout } = setup;
  const hear = hearing(setup.heard);
  const D = size(env.observation);
  const K = size(env.action);
  const acted: number[][] = [];
  const coins = new Map<number, boolean>(); // by episode
  const effort: Effort = { expertSteps: 0, interventions: 0, contextSwitches: 0 };
  let left = setup.allowed;

  function coin(draws: Rng, episode: number, step: number): boolean {
    if (beta === 0 || beta === 1) return beta === 1;
    if (mixing === "step") return draws.float() < beta;
    if (step === 0) coins.set(episode, draws.float() < beta);
    return coins.get(episode) === true;
  }

  const act: Policy["act"] = async (s, { rng, places } = {}) => {
    const draws = rng as readonly Rng[];
    const { episode, step } = places!;
    const n = draws.length;
    const hands = Uint8Array.from(draws, (own, i) => (coin(own, episode[i], step[i]) ? 1 : 0));
    const before = Uint8Array.from(draws, (_, i) => (step[i] > 0 ? acted[episode[i]][step[i] - 1] : hands[i]));
    const where = (i: number) => `round ${round}, episode ${episode[i]}, step ${step[i]}`;
    const actions = actionArray(env.action, n);
    if (hands.includes(0)) {
      actions.set(await piHat.act(s, { deterministic, rng: draws }));
      if (gate) {
        const watched: Watched = { observations: s, proposed: actions, inControl: before, places: places! };
        const here = where(0);
        const wheel = gate.asksExpert ? { timeout, where: here, late: "has not said who acts" } : undefined;
        const asked = await hear(() => gate.takes(watched, here), wheel);
        for (let i = 0; i < n; i++) {
          if (asked[i] !== 1 || hands[i] === 1 || left <= 0) continue;
          hands[i] = 1;
          left -= 1;
        }
      }
    }
    const theirs = rowsWhere(n, (i) => hands[i] === 1);
    if (theirs.length > 0) {
      const wheel = { timeout, where: where(theirs[0]), late: "has not acted" };
      const ask = () => acting(expert, takeRows(s, theirs, D), env, (k) => where(theirs[k]));
      putRows(actions, theirs, await hear(ask, wheel), K);
    }
    for (let i = 0; i < n; i++) {
      acted[episode[i]] ??= [];
      acted[episode[i]][step[i]] = hands[i];
      effort.expertSteps += hands[i];
      if (hands[i] === before[i]) continue;
      effort.contextSwitches += 1;
      effort.interventions += hands[i];
    }
    return actions;
  };
  return { actor: { observation: env.observation, action: env.action, act }, acted, effort };
}

/** The expert decides who acts (HG-DAgger: Kelly et al. 2019). Throws an `ExpertError` where it says neither 0 nor 1. */
export function expertGate(expert: InterveningExpert): Gate {
  return {
    asksExpert: true,
    async takes(watched, where) {
      const n = watched.inControl.length;
      const asked = await expert.takesOver(watched);
      const odd = asked?.length === n ? asked.findIndex((hand) => hand !== 0 && hand !== 1) : -1;
      if (asked?.length === n && odd < 0) return Uint8Array.from(asked);
      const found = odd < 0 ? `${asked?.length ?? "no"} answers` : `${asked[odd]}`;
      throw new ExpertError(`${where}: takesOver gave ${found}, expected 0 or 1 for each of ${n} states`, []);
    },
  };
}

/** Above these a state is the expert's; below `release` it is the learner's again. */
export interface Thresholds {
  doubt: number;
  release: number;
  /** Of the caller's own measure of risk. */
  risk: number;
}

/** What speaks against letting the learner act, a number a state. */
export interface Measures {
  doubt(states: Observations): Promise<Float32Array>;
  risk?(states: Observations, proposed: Actions): Promise<ArrayLike<number>>;
}

/**
 * The learner's own doubt decides who acts (Hoque et al. 2021, ThriftyDAgger): the expert takes over where a state is more
 * novel or more risky than a threshold, and hands back where both have fallen, the doubt below a lower one.
 */
export function doubtGate(measures: Measures, thresholds: Thresholds): Gate {
  return {
    asksExpert: false,
    async takes({ observations, proposed, inControl }) {
      const doubt = await measures.doubt(observations);
      const risk = await measures.risk?.(observations, proposed);
      return Uint8Array.from(inControl, (theirs, i) => {
        const risky = risk !== undefined && risk[i] > thresholds.risk;
        return risky || doubt[i] > (theirs === 1 ? thresholds.release : thresholds.doubt) ? 1 : 0;
      });
    },
  };
}
