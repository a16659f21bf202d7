import { createSession, decodeSignature, type Rng, type Session } from "../autodiff/index.ts";
import {
  type Actions,
  type ActOptions,
  describe,
  type Observations,
  type Plain,
  type Policy,
  size,
  spaceFromJson,
  spaceToJson,
} from "../mdp/index.ts";
import { actionArray, type Head } from "./head.ts";
import { headFor, type PolicyModel, type Spaces } from "./model.ts";
import { mustBeObservations } from "./observation.ts";

/** The key of the model's metadata under which a policy describes itself. */
const KEY = "apprentice.policy";
const FORMAT = 1;

/** What a policy file says of itself. */
export function policyMetadata(model: PolicyModel, about: Readonly<Record<string, Plain>>): Record<string, string> {
  const observation = spaceToJson(model.observation);
  const action = spaceToJson(model.action);
  return {
    [KEY]: JSON.stringify({ format: FORMAT, observation, action, head: model.head.kind, model: model.description, about }),
  };
}

/** A policy read from a file. */
export interface OnnxPolicy extends Policy {
  /** What was said of it when it was saved: the environment's id, the algorithm. */
  readonly about: Readonly<Record<string, unknown>>;
  release(): Promise<void>;
}

/**
 * A policy from the bytes of an ONNX file that `toOnnx` made. Throws, naming what was found and expected, if they are not
 * one, if the file has another signature, or if it doesn't say what spaces it acts on.
 */
export async function loadPolicy(bytes: Uint8Array): Promise<OnnxPolicy> {
  const { inputs, outputs, metadata } = decodeSignature(bytes);
  const names = (values: readonly { name: string }[]) => values.map(({ name }) => name).join(", ") || "none";
  const text = metadata[KEY];
  if (
    text === undefined ||
    inputs.length !== 1 ||
    inputs[0].name !== "observation" ||
    !outputs.some(({ name }) => name === "action")
  ) {
    throw new RangeError(
      `the ONNX file is not a policy: found inputs ${names(inputs)} and outputs ${names(outputs)}${text === undefined ? " and no description" : ""}; ` +
        "expected the input observation and the output action, as a policy's toOnnx() writes them",
    );
  }
  const {
    format,
    observation: observationJson,
    action: actionJson,
    head: kind,
    about,
  } = JSON.parse(text) as Record<string, unknown>;
  if (format !== FORMAT)
    throw new RangeError(`the policy file has format ${format}, expected ${FORMAT}; save it again with this version`);
  const observation = spaceFromJson(observationJson);
  const action = spaceFromJson(actionJson);
  if (action.kind === "dict") throw new TypeError(`a policy acts on discrete choices or a box, found ${describe(action)}`);
  const D = size(observation);
  if (inputs[0].dims.length !== 2 || inputs[0].dims[1] !== D) {
    throw new RangeError(
      `the policy file takes observations [${inputs[0].dims.join(", ")}], its description says ${describe(observation)}; save it again`,
    );
  }
  const head = headFor(action, { distribution: kind === "squashed-gaussian" ? "squashed" : "gaussian" });
  const session = await createSession(bytes);
  return {
    observation,
    action,
    about: (about ?? {}) as Record<string, unknown>,
    act: (observations, options) => act(session, head, { observation, action }, observations, options),
    release: () => session.release(),
  };
}

async function act(
  session: Session,
  head: Head,
  { observation, action }: Spaces,
  observations: Observations,
  options: ActOptions = {},
): Promise<Actions> {
  const n = mustBeObservations(observation, observations);
  const results = await session.run({ observation: { data: observations, dims: [n, size(observation)] } });
  if (options.deterministic) return results.action.data as Actions;
  const actions = actionArray(action, n);
  head.sample(
    Object.fromEntries(Object.entries(results).map(([name, feed]) => [name, feed.data])),
    requireRng(options.rng),
    actions,
  );
  return actions;
}

/** The generator of each row. Throws without one: a policy that draws needs it. */
export function requireRng(random: ActOptions["rng"]): (row: number) => Rng {
  if (!random) throw new TypeError("a policy that draws its actions needs a generator; pass { rng } or { deterministic: true }");
  if (!Array.isArray(random)) return () => random as Rng;
  return (row) => random[row];
}
