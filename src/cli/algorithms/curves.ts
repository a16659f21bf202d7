import type { Curve } from "../recipe.ts";

/** What those count in who train a policy by gradients in an environment. */
export const steps = { of: "steps", label: "steps of the environment" };

/** What the learner's episodes were worth to the environment, over what `x` counts. */
export function episodeReturns(x: Curve["x"], title = "Return of the episodes that ended"): Curve {
  return {
    title,
    x,
    y: "return (sum of the environment's own rewards)",
    lines: [{ of: "episodeReturn", name: "drawn actions" }],
  };
}
