import { isRobot } from "../envs/index.ts";
import type { Env } from "../mdp/index.ts";
import { counted, say } from "./terminal.ts";

/** Episodes that ended because the simulation blew up; `undefined` where nothing is simulated. */
export function failuresOf(env: Env): number | undefined {
  return isRobot(env) ? env.failures : undefined;
}

/** Says how many there were, if any. */
export function tellFailures(env: Env): void {
  const failures = failuresOf(env) ?? 0;
  if (failures === 0) return;
  say(
    `${env.id}: the simulation blew up in ${counted(failures, "episode")}, which ended there with reward 0; nothing of it is in the data`,
  );
}

/** The same for programs. */
export function failuresJson(env: Env): { failures?: number } {
  const failures = failuresOf(env);
  return failures === undefined ? {} : { failures };
}
