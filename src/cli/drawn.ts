import type { Env } from "../mdp/index.ts";

/** The same world, and how many transitions its copies have made so far: what moves within a long round. */
export function countingDrawn(env: Env): { readonly env: Env; drawn(): number } {
  let drawn = 0;
  const counted: Env = {
    ...env,
    vector(n, options) {
      const world = env.vector(n, options);
      return {
        ...world,
        step(actions) {
          drawn += n;
          return world.step(actions);
        },
      };
    },
  };
  return { env: counted, drawn: () => drawn };
}
