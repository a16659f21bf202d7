import { behaviorCloning } from "../algorithms/index.ts";
import type { ActionSpace } from "../mdp/index.ts";

/** What decides whether a setting does anything. */
interface Chosen {
  /** What the policy is, `auto` resolved. */
  readonly policy: string;
  readonly action: ActionSpace["kind"];
  /** All settings, those that were not given included. */
  readonly values: Readonly<Record<string, unknown>>;
}

interface Rule {
  readonly names: readonly string[];
  /** Why they change nothing, if they don't. */
  readonly why: (chosen: Chosen) => string | false;
}

const rules: readonly Rule[] = [
  {
    names: ["hidden", "activation"],
    why: ({ policy }) => (policy === "tabular" || policy === "linear") && "has no hidden layers",
  },
  {
    names: ["distribution", "scale", "initialLogStd"],
    why: ({ action }) => action !== "box" && "takes actions that are not real numbers",
  },
];

/** What behavior cloning's options mean for tables too; the others say how a network is fitted. */
const FOR_TABLES = ["seed", "validation", "smoothing", "unseen"];

const cloningRules: readonly Rule[] = [
  {
    names: Object.keys(behaviorCloning.defaults).filter((name) => !FOR_TABLES.includes(name)),
    why: ({ policy }) => policy === "tabular" && "is counted, not fitted",
  },
  { names: ["smoothing", "unseen"], why: ({ policy }) => policy !== "tabular" && "is no table" },
  { names: ["momentum"], why: ({ values }) => values.optimizer !== "sgd" && `is fitted by ${values.optimizer}` },
  {
    names: ["weightDecay"],
    why: ({ values }) => !["sgd", "adamw"].includes(values.optimizer as string) && `is fitted by ${values.optimizer}`,
  },
];

const POLICIES: Readonly<Record<string, string>> = {
  tabular: "a table",
  linear: "a linear map",
  mlp: "a network of layers",
  cnn: "a network for pictures",
};

/**
 * What should be known of settings that were given and change nothing, a sentence each: nothing is wrong with them, but whoever
 * gave them expects something.
 * @param given the names that were given
 */
export function idleSettings(given: readonly string[], chosen: Chosen): string[] {
  const clones = "smoothing" in chosen.values;
  return (clones ? [...rules, ...cloningRules] : rules).flatMap(({ names, why }) => {
    const reason = why(chosen);
    const idle = given.filter((name) => names.includes(name));
    if (!reason || idle.length === 0) return [];
    const verb = idle.length === 1 ? "changes" : "change";
    return [`${idle.join(", ")} ${verb} nothing here: the policy is ${POLICIES[chosen.policy]} and ${reason}`];
  });
}
