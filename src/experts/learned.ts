import type { Actions, Env, Observations } from "../mdp/env.ts";
import type { Expert } from "../mdp/expert.ts";
import type { Policy } from "../mdp/policy.ts";
import { describe, sameKind } from "../mdp/space.ts";
import { loadPolicy } from "../policies/onnx-policy.ts";

/** A policy that was learned and saved, as a policy and as an expert: both do what is most likely, and never draw. */
export interface LearnedExpert extends Policy, Expert {
  act(observations: Observations): Promise<Actions>;
  label(observations: Observations): Promise<Actions>;
  /** What was said of it when it was saved: the environment's id, the algorithm. */
  readonly about: Readonly<Record<string, unknown>>;
  release(): Promise<void>;
}

/**
 * The expert in the bytes of an ONNX file that a policy's `toOnnx` made, for an environment. Throws if they are no policy, or one
 * that sees or does something else than the environment.
 */
export async function learned(bytes: Uint8Array, env: Env): Promise<LearnedExpert> {
  const policy = await loadPolicy(bytes);
  const { observation, action, about } = policy;
  if (!sameKind(observation, env.observation) || !sameKind(action, env.action)) {
    await policy.release();
    throw new TypeError(
      `the policy is ${describe(observation)} -> ${describe(action)}, ${env.id} is ${describe(env.observation)} -> ` +
        `${describe(env.action)}; give one that was trained in ${env.id}`,
    );
  }
  const answer = async (observations: Observations) => policy.act(observations, { deterministic: true });
  return { observation, action, about, act: answer, label: answer, release: () => policy.release() };
}
