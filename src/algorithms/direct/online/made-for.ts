import { describe, type Env, type Space, sameKind } from "../../../mdp/index.ts";

/** Throws unless a policy sees what the environment shows, and does what can be done there. */
export function mustBeMadeFor({ observation, action }: { readonly observation: Space; readonly action: Space }, env: Env): void {
  for (const [what, own, theirs] of [
    ["observations", observation, env.observation],
    ["actions", action, env.action],
  ] as const) {
    if (sameKind(own, theirs)) continue;
    throw new TypeError(
      `the policy is made for ${what} ${describe(own)}, ${env.id} has ${describe(theirs)}; make it for ${env.id}`,
    );
  }
}
