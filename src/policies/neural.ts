import { compile, input, type Program, toOnnx } from "../autodiff/index.ts";
import type { Actions, ActOptions, Observations, Plain, Policy } from "../mdp/index.ts";
import { size } from "../mdp/index.ts";
import { actionArray } from "./head.ts";
import type { PolicyModel } from "./model.ts";
import { mustBeObservations, type Normaliser } from "./observation.ts";
import { policyMetadata, requireRng } from "./onnx-policy.ts";

/** A policy with its parameters: it acts, and it can be saved as ONNX. */
export interface NeuralPolicy extends Policy {
  readonly model: PolicyModel;
  /** The flat parameters. */
  readonly theta: Float32Array;
  readonly normaliser: Normaliser | undefined;
  act(observations: Observations, options?: ActOptions): Promise<Actions>;
  /** What a draw is made from (`logits`, or `mean` and `std`), each with one row an observation. */
  distribution(observations: Observations): Promise<Record<string, Float32Array>>;
  /**
   * The policy as one ONNX file: `observation` `[B, D]` in, `action` (the most likely one) and the distribution's parameters
   * out. `about` travels with it.
   */
  toOnnx(about?: Readonly<Record<string, Plain>>): Uint8Array;
}

/**
 * The compiled program of a model under a normaliser. θ is one of its inputs, so all policies that share the two (the very
 * same objects) share it, as those of one training run do.
 */
const programs = new WeakMap<PolicyModel, Map<Normaliser | undefined, Promise<Program>>>();
const KEPT = 8;

function programOf(model: PolicyModel, normal: Normaliser | undefined, make: () => Promise<Program>): Promise<Program> {
  const known = programs.get(model) ?? new Map<Normaliser | undefined, Promise<Program>>();
  programs.set(model, known);
  const program = known.get(normal) ?? make();
  known.delete(normal);
  known.set(normal, program); // the newest last
  for (const old of known.keys()) {
    if (known.size <= KEPT) break;
    known.delete(old);
  }
  return program;
}

/** A policy from its model and a copy of its parameters. */
export function neuralPolicy(model: PolicyModel, theta: Float32Array, normal?: Normaliser): NeuralPolicy {
  const own = theta.slice();
  const s = input("observation", ["B", size(model.observation)]);
  const z = model.forward(s, normal);
  const outputs = { action: model.head.mode(z), ...model.head.outputs(z) };
  const spec = { outputs, params: model.params };
  let program: Promise<Program> | undefined;
  const run = async (observations: Observations) => {
    mustBeObservations(model.observation, observations);
    program ??= programOf(model, normal, () => compile(spec));
    return (await program).run({ observation: observations, theta: own });
  };
  return {
    observation: model.observation,
    action: model.action,
    model,
    theta: own,
    normaliser: normal,
    async act(observations, options = {}) {
      const out = await run(observations);
      if (options.deterministic) return out.action as Actions;
      const actions = actionArray(model.action, observations.length / size(model.observation));
      model.head.sample(out, requireRng(options.rng), actions);
      return actions;
    },
    async distribution(observations) {
      const { action: _mode, ...rest } = await run(observations);
      return rest as Record<string, Float32Array>;
    },
    toOnnx: (about = {}) => toOnnx({ ...spec, theta: own, metadata: policyMetadata(model, about) }),
  };
}
