import {
  add,
  div,
  exp,
  mean,
  min,
  mul,
  neg,
  softplus,
  sqrt,
  square,
  stack,
  sub,
  type Tensor,
  toOnnx,
} from "../autodiff/index.ts";
import { type Plain, type RewardSpaces, type StepBatch, spaceToJson } from "../mdp/index.ts";
import type { Normaliser } from "../policies/index.ts";
import { addAbsorbing } from "./absorbing.ts";
import { cautious } from "./ensemble.ts";
import { MOST_LOGIT, type RewardForm, rewardOfLogit } from "./logit.ts";
import { encodeAbsorbing, encodedSteps, encodeSteps, stepInputs } from "./step-encoding.ts";
import type { StepNetwork } from "./step-network.ts";

/** How the network's value becomes a reward. */
export interface StepRewardOptions {
  /** What is read: g, the reward proper, or f with the potential. */
  readonly part?: "f" | "g";
  /** How it is read: as the reward itself (`both`), or as a discriminator's logit. */
  readonly form?: RewardForm;
  /** β: how much the members' disagreement costs. */
  readonly doubt?: number;
  /** γ, by which the absorbing state's value follows an end, where the network knows that state. */
  readonly gamma?: number;
  readonly normaliser?: Normaliser | undefined;
}

/** A reward that was learned: a function of steps that answers at once, and that can be saved as one file. */
export interface StepReward {
  /** r of each step, `[N]`. */
  (steps: StepBatch): Float64Array;
  /** The spaces that it was made for. */
  readonly reads: RewardSpaces;
  readonly network: StepNetwork;
  readonly theta: Float32Array;
  readonly options: Required<Omit<StepRewardOptions, "normaliser">> & { readonly normaliser: Normaliser | undefined };
  /**
   * The reward as one ONNX file: `s` `[B, D]`, `a`, `next`, `terminated` and `absorbing` `[B]` in, as far as it depends on them,
   * and `reward` `[B]` out (without what follows an end). `about` travels with it.
   */
  toOnnx(about?: Readonly<Record<string, Plain>>): Uint8Array;
}

/** The key of the file's metadata under which a reward describes itself. */
export const REWARD_KEY = "apprentice.reward";
export const REWARD_FORMAT = 1;

/** A reward from a network and a copy of its parameters. */
export function stepReward(network: StepNetwork, theta: Float32Array, given: StepRewardOptions = {}): StepReward {
  const own = theta.slice();
  const { part = "g", form = "both", doubt = 0, gamma = 0.99, normaliser } = given;
  const options = { part, form, doubt, gamma, normaliser };
  const { encoding } = network;
  const { width } = encoding;
  let x = new Float32Array(0);
  const reward = (steps: StepBatch): Float64Array => {
    const N = steps.terminated.length;
    if (x.length < (N + 1) * width) x = new Float32Array((N + 1) * width);
    encodeSteps(encoding, steps, normaliser, x);
    if (encoding.absorbing) encodeAbsorbing(encoding, x, N);
    const rows = encoding.absorbing ? N + 1 : N;
    const members = network.evaluate(own, x, rows).map((value) => value[part].map((l) => rewardOfLogit(form, l)));
    const all = cautious(members, doubt);
    if (!encoding.absorbing) return all;
    const rewards = all.slice(0, N);
    addAbsorbing(rewards, steps.terminated, all[N], gamma);
    return rewards;
  };
  const { observation, action } = encoding;
  return Object.assign(reward, {
    reads: { observation, ...(encoding.a[1] > encoding.a[0] ? { action } : {}) },
    network,
    theta: own,
    options,
    toOnnx(about: Readonly<Record<string, Plain>> = {}) {
      const values = network.forward(encodedSteps(encoding, stepInputs(encoding), normaliser));
      const of = (which: "f" | "g") =>
        cautiousTensor(
          values.map((value) => formTensor(form, value[which])),
          doubt,
        );
      const outputs: Record<string, Tensor> = { reward: of(part) };
      if (network.options.shaping !== undefined) outputs[part === "g" ? "shaped" : "unshaped"] = of(part === "g" ? "f" : "g");
      const description = {
        format: REWARD_FORMAT,
        observation: spaceToJson(encoding.observation),
        action: spaceToJson(encoding.action),
        network: network.options,
        reward: { part, form, doubt, gamma },
        normaliser: normaliser ? { mean: [...normaliser.mean], std: [...normaliser.std] } : null,
        about,
      };
      return toOnnx({ outputs, params: network.params, theta: own, metadata: { [REWARD_KEY]: JSON.stringify(description) } });
    },
  });
}

/** `rewardOfLogit` as an expression. */
function formTensor(form: RewardForm, l: Tensor): Tensor {
  if (form === "positive") return softplus(l);
  if (form === "negative") return neg(softplus(neg(l)));
  if (form === "both") return l;
  return neg(mul(min(l, MOST_LOGIT), exp(min(l, MOST_LOGIT))));
}

function cautiousTensor(members: readonly Tensor[], beta: number): Tensor {
  if (members.length === 1) return members[0];
  const all = stack(members, 0);
  const middle = mean(all, 0);
  if (beta === 0) return middle;
  const total = members.map((own) => square(sub(own, middle))).reduce((a, b) => add(a, b));
  return sub(middle, mul(beta, sqrt(div(total, members.length))));
}
