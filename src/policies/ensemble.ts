import {
  add,
  compile,
  concat,
  constant,
  div,
  input,
  log,
  max,
  mean,
  mul,
  neg,
  type Program,
  slice,
  softmax,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
} from "../autodiff/index.ts";
import { describe, type Observations, sameKind, size } from "../mdp/index.ts";
import { range } from "./gaussian.ts";
import { headFor, type PolicyModel } from "./model.ts";
import type { Normaliser } from "./observation.ts";

/** Below this a variance or a probability counts as none. */
const TINY = 1e-30;

/**
 * Several policies as one, for instance to be saved in one file. Choices: π(a | s) = (1/E) Σ_e π_e(a | s). Real actions: the
 * Gaussian with the mixture's mean and variance (Lakshminarayanan et al. 2017, section 2.4),
 *
 *     μ = (1/E) Σ_e μ_e,   σ² = (1/E) Σ_e (σ_e² + μ_e²) − μ²,
 *
 * before squashing where the members squash. Its θ are the members' one after the other. One member is that member itself.
 * Throws if there is none, or if they differ in spaces or kind, or share their parameters.
 */
export function ensemblePolicy(members: readonly PolicyModel[]): PolicyModel {
  checkMembers(members);
  const [first] = members;
  if (members.length === 1) return first;
  const { observation, action } = first;
  const params = Object.fromEntries(members.map((member, e) => [String(e), member.params]));
  const description = { kind: "ensemble", members: members.map((member) => member.description) };
  const shared = { observation, action, params, description };
  if (action.kind !== "box") {
    return {
      ...shared,
      head: headFor(action),
      forward: (s, normal) =>
        concat(
          averages(
            members,
            members.map((m) => m.forward(s, normal)),
          ).map(logOf),
          1,
        ),
    };
  }
  const { mid, half } = range(action);
  const squashed = first.head.kind === "squashed-gaussian";
  const unit = (x: Tensor) => (squashed ? x : div(sub(x, constant(mid)), constant(half)));
  const width = (x: Tensor) => (squashed ? x : div(x, constant(half)));
  return {
    ...shared,
    head: headFor(action, { distribution: squashed ? "squashed" : "gaussian", scale: "state", initialLogStd: 0 }),
    forward(s, normal) {
      const own = members.map((member) => member.head.outputs(member.forward(s, normal)));
      const mu = average(own.map(({ mean }) => unit(mean)));
      const second = average(own.map(({ mean, std }) => add(square(unit(mean)), square(width(std)))));
      return concat([mu, mul(0.5, logOf(sub(second, square(mu))))], 1);
    },
  };
}

/** How much the members of an ensemble differ in each state, `[B]`; see `ensembleDoubt`. */
export interface Doubt {
  of(observations: Observations, theta: Float32Array): Promise<Float32Array>;
}

/**
 * What an ensemble doesn't know. Choices: the information that the action carries about who chose it, in nats,
 *
 *     H[(1/E) Σ_e π_e(· | s)] − (1/E) Σ_e H[π_e(· | s)]
 *
 * (Houlsby et al. 2011), which is 0 where all members say the same, however undecided they are. Real actions: how far the
 * members' most likely actions lie apart, √((1/K) Σ_k Var_e[a_k] / h_k²), in half action ranges h, as in the
 * novelty of Menda et al. 2019 and Hoque et al. 2021. `theta` are the members' parameters one after the other.
 * @formula ensemble-doubt
 */
export function ensembleDoubt(members: readonly PolicyModel[], normal?: Normaliser): Doubt {
  checkMembers(members);
  const [{ observation, action }] = members;
  const s = input("s", ["B", size(observation)]);
  const outputs = { doubt: action.kind === "box" ? spreadOf(members, s, normal) : informationOf(members, s, normal) };
  const params = Object.fromEntries(members.map((member, e) => [String(e), member.params]));
  let program: Promise<Program> | undefined;
  return {
    async of(observations, theta) {
      program ??= compile({ outputs, params });
      return (await (await program).run({ s: observations, theta })).doubt as Float32Array;
    },
  };
}

function informationOf(members: readonly PolicyModel[], s: Tensor, normal?: Normaliser): Tensor {
  const z = members.map((member) => member.forward(s, normal));
  const entropy = (p: Tensor) => neg(sum(mul(p, logOf(p)), 1));
  const total = averages(members, z).map(entropy).reduce(plus);
  return max(sub(total, average(members.map((member, e) => member.head.entropy(z[e])))), 0);
}

function spreadOf(members: readonly PolicyModel[], s: Tensor, normal?: Normaliser): Tensor {
  const [{ action }] = members;
  if (action.kind !== "box") throw new TypeError(`a spread is one of real actions, found ${describe(action)}`);
  const half = constant(range(action).half);
  const modes = members.map((member) => div(member.head.mode(member.forward(s, normal)), half));
  const middle = average(modes);
  return sqrt(mean(average(modes.map((mode) => square(sub(mode, middle)))), 1));
}

/** The members' mean probabilities, one tensor `[B, n]` for each of the choices that are made at once. */
function averages(members: readonly PolicyModel[], z: readonly Tensor[]): Tensor[] {
  const [{ action }] = members;
  const ns = action.kind === "multi-discrete" ? action.ns : action.kind === "discrete" ? [action.n] : [];
  let from = 0;
  return ns.map((n) => {
    const probabilities = z.map((own) => softmax(slice(own, 1, from, from + n)));
    from += n;
    return average(probabilities);
  });
}

function plus(x: Tensor, y: Tensor): Tensor {
  return add(x, y);
}

function average(parts: readonly Tensor[]): Tensor {
  return mul(1 / parts.length, parts.reduce(plus));
}

function logOf(x: Tensor): Tensor {
  return log(max(x, TINY));
}

function checkMembers(members: readonly PolicyModel[]): void {
  if (members.length === 0) throw new RangeError("an ensemble has at least one member, found none");
  const [first] = members;
  members.forEach((member, e) => {
    const alike = sameKind(member.observation, first.observation) && sameKind(member.action, first.action);
    if (!alike || member.head.kind !== first.head.kind) {
      throw new TypeError(
        `the members of an ensemble are alike: member ${e} is ${describe(member.observation)} -> ${describe(member.action)} ` +
          `(${member.head.kind}), member 0 is ${describe(first.observation)} -> ${describe(first.action)} (${first.head.kind})`,
      );
    }
    if (members.indexOf(member) !== e) {
      throw new RangeError(`member ${e} of the ensemble is member ${members.indexOf(member)} again; make a model for each`);
    }
  });
}
