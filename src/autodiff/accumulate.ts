import { grad } from "./grad.ts";
import { add, mul, reshape } from "./ops/arithmetic.ts";
import { concat } from "./ops/layout.ts";
import { clipByGlobalNorm, globalNorm, type Optimizer } from "./optim.ts";
import { layout, type ParamTree } from "./params.ts";
import { compile } from "./program.ts";
import type { SessionOptions } from "./runtime.ts";
import { input, type Tensor } from "./tensor.ts";
import { type Feeds, NotFiniteError, type TrainState } from "./train.ts";

export interface AccumulatedSpec {
  /** A scalar: the sum of the losses of a part of a minibatch. */
  readonly loss: Tensor;
  readonly params: ParamTree;
  readonly optimizer: Optimizer;
  readonly clipNorm?: number;
  readonly dims?: Readonly<Record<string, number>>;
  /** Further scalars of a part, whose sums are given back. */
  readonly sums?: Readonly<Record<string, Tensor>>;
}

/** Updates whose minibatch comes in parts, so that memory holds one part at a time. */
export interface AccumulatedUpdate {
  /**
   * θ ← optimizer(θ, (1/weight) Σ_k ∇ loss_k), the parts' gradients added up one after the other; gives (1/weight) Σ_k loss_k, the
   * gradient's norm and the sums of what else was asked for. The state's arrays are exchanged for new ones. Throws a `NotFiniteError` and leaves the state as it was if one of
   * the two is not finite.
   */
  run(
    state: TrainState,
    parts: Iterable<Feeds>,
    weight: number,
  ): Promise<{ loss: number; gradNorm: number; sums: Readonly<Record<string, number>> }>;
  release(): Promise<void>;
}

/** Compiles the gradient of a part, and the update by a sum of them. */
export async function compileAccumulated(spec: AccumulatedSpec, options: SessionOptions = {}): Promise<AccumulatedUpdate> {
  const params = layout(spec.params);
  const { optimizer } = spec;
  const P = params.size;
  const sum = input("sum_", [P]);
  const flat = grad(spec.loss, params.params).map((g, i) => reshape(g, [params.sizes[i]]));
  const dims = spec.dims ? { dims: spec.dims } : {};
  const others = Object.keys(spec.sums ?? {});
  const gradient = await compile(
    { outputs: { ...spec.sums, loss: spec.loss, next: add(sum, concat(flat, 0)) }, params: spec.params, ...dims },
    options,
  );

  const theta = input("theta", [P]);
  const slots = optimizer.slots.map((name) => input(`slot_${name}`, [P]));
  const coefficients = Array.from({ length: optimizer.width }, (_, k) => input(`c${k}`, [1]));
  const share = input("share", [1]); // 1 / weight
  const mean = mul(sum, share);
  const norm = globalNorm(mean);
  const next = optimizer.update(theta, spec.clipNorm ? clipByGlobalNorm(mean, spec.clipNorm, norm) : mean, slots, coefficients);
  const outputs: Record<string, Tensor> = { gradNorm: norm, next_theta: next.theta };
  next.slots.forEach((slot, k) => {
    outputs[`next_${k}`] = slot;
  });
  const update = await compile({ outputs }, options);

  let sums = [new Float32Array(P), new Float32Array(P)];
  let spare: Float32Array[] | undefined;
  return {
    async run(state, parts, weight) {
      sums[0].fill(0);
      let loss = 0;
      const totals = Object.fromEntries(others.map((name) => [name, 0]));
      for (const part of parts) {
        const out = await gradient.run(
          { ...(part as Record<string, Float32Array>), theta: state.theta, sum_: sums[0] },
          { next: sums[1] },
        );
        loss += out.loss[0];
        for (const name of others) totals[name] += out[name][0];
        sums = [sums[1], sums[0]];
      }
      loss /= weight;
      if (!Number.isFinite(loss)) throw new NotFiniteError("loss", loss, state.t + 1);
      const feeds: Record<string, Float32Array> = { theta: state.theta, sum_: sums[0], share: Float32Array.of(1 / weight) };
      optimizer.slots.forEach((name, k) => {
        feeds[`slot_${name}`] = state.slots[k];
      });
      optimizer.coefficients(state.t + 1).forEach((value, k) => {
        feeds[`c${k}`] = Float32Array.of(value);
      });
      const current = [state.theta, ...state.slots];
      const taken = spare && !spare.some((array) => current.includes(array)) ? spare : current.map(() => new Float32Array(P));
      const into: Record<string, Float32Array> = { next_theta: taken[0] };
      state.slots.forEach((_, k) => {
        into[`next_${k}`] = taken[k + 1];
      });
      const gradNorm = (await update.run(feeds, into)).gradNorm[0];
      if (!Number.isFinite(gradNorm)) throw new NotFiniteError("gradNorm", gradNorm, state.t + 1);
      [state.theta, ...state.slots] = taken;
      spare = current;
      state.t++;
      return { loss, gradNorm, sums: totals };
    },
    async release() {
      await gradient.release();
      await update.release();
    },
  };
}
