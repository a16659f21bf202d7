import { loadMujoco, MissingPackageError } from "../src/envs/mujoco/index.ts";

/** Loads MuJoCo for a test file; why its tests can't run, in words to end a title with, or nothing. */
export async function whyNoMujoco(): Promise<string> {
  try {
    await loadMujoco();
    return "";
  } catch (error) {
    if (error instanceof MissingPackageError) return ` (left out: ${error.message})`;
    throw error;
  }
}
