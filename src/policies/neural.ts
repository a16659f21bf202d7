import { compile, input, type Program, toOnnx } from "../autodiff/index.ts";
import type { Actions, ActOptions, Observations, Plain, Policy } from "../mdp/index.ts";
import { size } from "../mdp/index.ts";
import { actionArray } from "./head.ts";
import type { PolicyModel } from "./model.ts";
import type { Normaliser } from "./observation.ts";
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

/** A policy from its model and a copy of its parameters. */
export function neuralPolicy(model: PolicyModel, theta: Float32Array, normal?: Normaliser): NeuralPolicy {
  const own = theta.slice();
  const s = input("observation", ["B", size(model.observation)]);
  const z = model.forward(s, normal);
  const outputs = { action: model.head.mode(z), ...model.head.outputs(z) };
  const spec = { outputs, params: model.params };
  let program: Promise<Program> | undefined;
  const run = async (observations: Observations) => {
    program ??= compile(spec);
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
