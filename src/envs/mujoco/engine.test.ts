import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { whyNoMujoco } from "../../../test/mujoco.ts";
import { loadEnv } from "../registry.ts";
import type { Mechanism } from "./index.ts";
import {
  ant,
  closeMujoco,
  halfCheetah,
  hopper,
  loadMujoco,
  MissingPackageError,
  mujocoLoaded,
  type RobotEnv,
  robot,
  swimmer,
} from "./index.ts";

const missing = await whyNoMujoco();

/** A weight on a slide, of a mass of its own. */
function weight(radius: number): RobotEnv {
  const mechanism: Mechanism = {
    name: 'a "weight" < & >',
    timestep: 0.01,
    integrator: "Euler",
    scene: [],
    bodies: [
      {
        name: "weight",
        at: [0, 0, 0],
        joints: [{ name: "rail", kind: "slide", axis: [1, 0, 0] }],
        shapes: [{ kind: "sphere", at: [0, 0, 0], radius }],
      },
    ],
    motors: [{ joint: "rail", gear: 1 }],
  };
  return robot({
    id: "Weight-v0",
    maxSteps: 10,
    mechanism,
    view: { from: "side", width: 2, height: 1, centre: [0, 0] },
    task: {
      size: 2,
      frameSkip: 1,
      begin: () => {},
      observe: ({ qpos, qvel }, out, at) => out.set([qpos[0], qvel[0]], at),
      progress: ({ qpos }) => qpos[0],
      reward: (_, speed) => speed,
      terminated: () => false,
    },
  });
}

describe("without MuJoCo", () => {
  beforeAll(closeMujoco);

  it("a robot's spaces and limits are known all the same", () => {
    expect(mujocoLoaded()).toBe(false);
    const { observation, action, maxSteps } = hopper();
    expect([observation.shape, action.shape, maxSteps]).toEqual([[11], [3], 1000]);
  });

  it("copies are refused in a line that says what to await", () => {
    expect(() => hopper().vector(1)).toThrow(
      /^Hopper-v5: MuJoCo is not loaded; await loadMujoco\(\) first \(the package: npm install @mujoco\/mujoco\)$/,
    );
  });

  it("a package that is not installed is named with the command that installs it, and can be loaded later", async () => {
    const nowhere = () => Promise.reject(Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" }));
    const refusal = loadMujoco({ from: nowhere });
    await expect(refusal).rejects.toThrow(MissingPackageError);
    await expect(refusal).rejects.toThrow(/^robots run on @mujoco\/mujoco, which is not installed; npm install @mujoco\/mujoco$/);
    expect(mujocoLoaded()).toBe(false);
  });

  it("WebAssembly that does not start says why, in a line", async () => {
    const broken = async () => ({
      default: async () => Promise.reject(new Error("both async and sync fetching\nof the wasm failed")),
    });
    await expect(loadMujoco({ from: broken })).rejects.toThrow(
      /^MuJoCo's WebAssembly could not be started: both async and sync fetching; of the wasm failed; give loadMujoco [^\n]+$/,
    );
  });
});

describe.skipIf(missing !== "")(`MuJoCo's memory${missing}`, () => {
  const alive = new Set<object>();
  const made = { models: 0, data: 0 };
  let allocate: (numbers: number) => { delete(): void };

  /** Bytes of WebAssembly memory, which the arrays of every handle are views of. */
  function size(): number {
    const sizes = Array.from(alive, (handle) => (handle as { qpos?: Float64Array }).qpos?.buffer.byteLength ?? 0);
    return Math.max(...sizes);
  }

  // The package, with every model and every set of data counted from when it is made to when it is freed.
  beforeAll(async () => {
    closeMujoco();
    const counted = <T extends { delete(): void }>(handle: T): T => {
      alive.add(handle);
      const free = handle.delete.bind(handle);
      handle.delete = () => {
        alive.delete(handle);
        free();
      };
      return handle;
    };
    await loadMujoco({
      from: async () => {
        const { default: load } = await import("@mujoco/mujoco");
        return {
          default: async (options) => {
            const engine = await load(options);
            const { MjModel, MjData, DoubleBuffer } = engine;
            allocate = (numbers) => new DoubleBuffer(numbers);
            const fromXml = (xml: string) => {
              made.models++;
              return counted(MjModel.from_xml_string(xml));
            };
            engine.MjModel = new Proxy(MjModel, {
              get: (target, name) => (name === "from_xml_string" ? fromXml : Reflect.get(target, name)),
            });
            engine.MjData = new Proxy(MjData, {
              construct: (target, given: ConstructorParameters<typeof MjData>) => {
                made.data++;
                return counted(new target(...given));
              },
            });
            return engine;
          },
        };
      },
    });
  });

  afterAll(async () => {
    closeMujoco();
    await loadMujoco();
  });

  it("holds one model and one set of data of a robot, however many copies there are and are dropped", () => {
    for (let k = 0; k < 20; k++) {
      const copies = hopper().vector(50);
      copies.reset(k);
      copies.step(new Float32Array(150));
      copies.draw(0);
    }
    expect([made.models, made.data, alive.size]).toEqual([1, 1, 2]);
  });

  it("does not grow with steps, episodes, pictures and saved states", () => {
    const copies = halfCheetah().vector(4, { autoreset: "same-step" });
    copies.reset(0);
    const busy = (steps: number) => {
      for (let k = 0; k < steps; k++) {
        copies.step(new Float32Array(24).fill(Math.sin(k)));
        if (k % 10 === 0) copies.draw(k % 4);
        if (k % 10 === 5) copies.restore(copies.state());
        if (k % 50 === 0) copies.resetOne(1);
      }
    };
    busy(100);
    const [before, handles] = [size(), alive.size];
    busy(1500);
    expect(before).toBeGreaterThan(1e6);
    expect([size(), alive.size]).toEqual([before, handles]);
  });

  it("lasts for sixteen different robots; the one made first makes room, and is made again without being missed", () => {
    const first = weight(0.1).vector(1);
    first.reset(0);
    const speeds = () => first.step(Float32Array.of(1)).observations[1];
    const speed = speeds();
    for (let k = 1; k <= 40; k++)
      weight(0.1 + k / 1000)
        .vector(1)
        .reset(0);
    expect(alive.size).toBe(32);
    expect(speeds()).toBeCloseTo(2 * speed, 5);
    expect(alive.size).toBe(32);
  });

  it("moves when it grows, and copies go on unharmed", () => {
    const copies = swimmer().vector(2);
    const actions = Float32Array.of(0.5, -0.5, 0.2, 0.1);
    copies.reset(1);
    const undisturbed = Array.from({ length: 4 }, () => [...copies.step(actions).observations]);
    copies.reset(1);
    const bytes = size();
    const disturbed = Array.from({ length: 4 }, () => {
      const more = allocate(size() / 8);
      const { observations } = copies.step(actions);
      more.delete();
      return [...observations];
    });
    expect(size()).toBeGreaterThan(1.9 * bytes);
    expect(disturbed).toEqual(undisturbed);
  });

  it("is free of every model after closeMujoco, and copies go on where they were once it is loaded again", async () => {
    const copies = ant().vector(2);
    copies.reset(4);
    const actions = new Float32Array(16).fill(0.3);
    copies.step(actions);
    const saved = copies.state();
    const future = [...copies.step(actions).observations];
    copies.restore(saved);
    closeMujoco();
    expect(alive.size).toBe(0);
    expect(() => copies.step(actions)).toThrow(/^Ant-v5: MuJoCo is not loaded/);
    expect((await loadEnv("Ant-v5")).id).toBe("Ant-v5");
    expect([...copies.step(actions).observations]).toEqual(future);
  });

  it("keeps nothing of a model that MuJoCo does not take; the error has MuJoCo's reason, in a line", async () => {
    await loadMujoco();
    expect(() => weight(-1).vector(1)).toThrow(
      /^Weight-v0: MuJoCo does not take the model \([^\n]*must be positive[^\n]*\); [^\n]+$/,
    );
  });
});
