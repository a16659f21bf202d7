// What this room uses of the package `@mujoco/mujoco`: named here, because the package is optional, and its own types say
// `any` for every array. The arrays are views of WebAssembly memory: when that grows, they have to be asked for again.

interface Handle {
  /** Frees what stands behind it; WebAssembly memory is not collected. */
  delete(): void;
}

export interface MjModel extends Handle {
  readonly nq: number;
  readonly nv: number;
  readonly geom_size: Float64Array;
  readonly geom_quat: Float64Array;
}

export interface MjData extends Handle {
  time: number;
  readonly qpos: Float64Array;
  readonly qvel: Float64Array;
  readonly qacc_warmstart: Float64Array;
  readonly ctrl: Float64Array;
  readonly xpos: Float64Array;
  readonly xquat: Float64Array;
  readonly geom_xpos: Float64Array;
  readonly site_xpos: Float64Array;
  readonly qfrc_constraint: Float64Array;
  readonly cfrc_ext: Float64Array;
}

export interface Mujoco {
  readonly MjModel: { from_xml_string(xml: string): MjModel };
  readonly MjData: new (model: MjModel) => MjData;
  mj_step(model: MjModel, data: MjData): void;
  mj_forward(model: MjModel, data: MjData): void;
  mj_kinematics(model: MjModel, data: MjData): void;
  mj_rnePostConstraint(model: MjModel, data: MjData): void;
  mj_resetData(model: MjModel, data: MjData): void;
}

/** The package's default export. */
export type MujocoFactory = (options?: unknown) => Promise<unknown>;

export interface MujocoOptions {
  /** Where the package comes from; `() => import("@mujoco/mujoco")` by default. */
  readonly from?: () => Promise<{ readonly default: MujocoFactory }>;
  /** The address of `mujoco.wasm`, where a page does not keep it beside the package's script. */
  readonly wasm?: string;
}

/** An optional package that what was asked for runs on is not there. The message has the command that installs it. */
export class MissingPackageError extends Error {
  override readonly name = "MissingPackageError";
}

let loading: Promise<void> | undefined;
let loaded: Mujoco | undefined;

/**
 * Loads MuJoCo, once: WebAssembly is compiled asynchronously, and robots step synchronously from then on.
 *
 *     await loadMujoco();
 *     const copies = hopper().vector(16);
 *
 * Throws `MissingPackageError` if the package `@mujoco/mujoco` is not installed.
 */
export function loadMujoco(options: MujocoOptions = {}): Promise<void> {
  loading ??= load(options).catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load({ from = () => import("@mujoco/mujoco"), wasm }: MujocoOptions): Promise<void> {
  let factory: MujocoFactory;
  try {
    factory = (await from()).default;
  } catch (cause) {
    throw new MissingPackageError("robots run on @mujoco/mujoco, which is not installed; npm install @mujoco/mujoco", { cause });
  }
  const silent = { print: () => {}, printErr: () => {} }; // what it would print it also throws, or the state shows it
  try {
    const where = wasm === undefined ? {} : { locateFile: () => wasm };
    loaded = (await factory({ ...silent, ...where })) as Mujoco;
  } catch (cause) {
    const remedy = "give loadMujoco the address of the package's mujoco.wasm: { wasm: URL }";
    throw new Error(`MuJoCo's WebAssembly could not be started: ${firstLine(cause)}; ${remedy}`, { cause });
  }
}

/** Whether robots can be stepped. */
export function mujocoLoaded(): boolean {
  return loaded !== undefined;
}

/** MuJoCo, for the robot `id`. Throws if it has not been loaded. */
export function mujoco(id: string): Mujoco {
  if (loaded) return loaded;
  throw new Error(`${id}: MuJoCo is not loaded; await loadMujoco() first (the package: npm install @mujoco/mujoco)`);
}

/** Lets MuJoCo's memory go. */
export function unloadMujoco(): void {
  loaded = undefined;
  loading = undefined;
}

/** What an error says, in a line. */
export function firstLine(error: unknown): string {
  const words = error instanceof Error ? error.message : String(error);
  return words
    .split("\n")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .join("; ");
}
