import { compile, input, layout, type Rng } from "../../autodiff/index.ts";
import { type Observations, size, type VectorEnv } from "../../mdp/index.ts";
import { actionArray, type Normaliser, type Outputs, type PolicyModel } from "../../policies/index.ts";
import type { Episodes } from "./collect.ts";
import { type Replay, remember } from "./replay.ts";

/** Episodes that ended while a policy was acting. */
export interface Ended {
  readonly returns: number[];
  readonly lengths: number[];
}

/** Lets a policy act in copies of a world and keeps what happened. */
export interface Explorer {
  /** T steps of every copy: a_t ∼ π_θ(· | s_t), into the replay. θ begins with the policy's parameters. */
  explore(T: number, theta: Float32Array, random: Rng, replay: Replay, episodes: Episodes): Promise<Ended>;
}

/**
 * An explorer of copies that begin another episode in the step that ends one (`same-step`), from the observations they show.
 * Throws, naming the copy, if a reward or an observation is not finite.
 */
export async function explorerOf(
  world: VectorEnv,
  observations: Observations,
  policy: PolicyModel,
  normal: Normaliser | undefined,
): Promise<Explorer> {
  const { n, env } = world;
  const { head, params, action } = policy;
  const [D, P] = [size(env.observation), layout(params).size];
  const program = await compile({
    outputs: head.outputs(policy.forward(input("s", ["B", D]), normal)),
    params,
    dims: { B: n },
  });
  const now = Float32Array.from(observations);
  const actions = actionArray(action, n);
  let outputs: Outputs & Record<string, Float32Array> = {};
  return {
    async explore(T, whole, random, replay, episodes) {
      const theta = whole.subarray(0, P);
      const ended: Ended = { returns: [], lengths: [] };
      for (let t = 0; t < T; t++) {
        outputs = (await program.run({ s: now, theta }, outputs)) as Record<string, Float32Array>;
        head.sample(outputs, () => random, actions);
        const step = world.step(actions);
        mustBeFinite(world, step.rewards, "reward");
        mustBeFinite(world, step.finalObservations, "observation");
        remember(replay, { s: now, a: actions, next: step.finalObservations, terminated: step.terminated });
        for (let i = 0; i < n; i++) {
          episodes.returns[i] += step.rewards[i];
          episodes.lengths[i] += 1;
          if ((step.terminated[i] | step.truncated[i]) === 0) continue;
          ended.returns.push(episodes.returns[i]);
          ended.lengths.push(episodes.lengths[i]);
          episodes.returns[i] = 0;
          episodes.lengths[i] = 0;
        }
        now.set(step.observations);
      }
      return ended;
    },
  };
}

function mustBeFinite({ env, n }: VectorEnv, values: ArrayLike<number>, what: string): void {
  for (let k = 0; k < values.length; k++) {
    if (!Number.isFinite(values[k])) {
      const copy = Math.floor(k / (values.length / n));
      throw new RangeError(`${env.id}: the ${what} of copy ${copy} is ${values[k]}; expected a finite number from the world`);
    }
  }
}
