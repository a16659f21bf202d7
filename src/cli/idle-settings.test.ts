import { describe, expect, it } from "vitest";
import { behaviorCloning, gail } from "../algorithms/index.ts";
import { idleSettings } from "./idle-settings.ts";

const values = behaviorCloning.defaults as unknown as Readonly<Record<string, unknown>>;

describe("settings that change nothing", () => {
  it("are named with the reason: a table is counted, a linear map has no layers, discrete actions have no spread", () => {
    const table = { policy: "tabular", action: "discrete", values } as const;
    expect(idleSettings(["hidden", "learningRate", "updates", "smoothing", "validation"], table)).toEqual([
      "hidden changes nothing here: the policy is a table and has no hidden layers",
      "learningRate, updates change nothing here: the policy is a table and is counted, not fitted",
    ]);
    const linear = { policy: "linear", action: "discrete", values } as const;
    expect(idleSettings(["activation", "scale", "unseen", "learningRate"], linear)).toEqual([
      "activation changes nothing here: the policy is a linear map and has no hidden layers",
      "scale changes nothing here: the policy is a linear map and takes actions that are not real numbers",
      "unseen changes nothing here: the policy is a linear map and is no table",
    ]);
  });

  it("are those of another optimizer", () => {
    const of = (optimizer: string) =>
      idleSettings(["momentum", "weightDecay"], { policy: "mlp", action: "box", values: { ...values, optimizer } }).length;
    expect(["adam", "adamw", "sgd", "rmsprop"].map(of)).toEqual([2, 1, 0, 2]);
  });

  it("are none where everything is used, and a table's rate is used where its policy is trained by gradients", () => {
    const names = Object.keys(values).filter((name) => !["smoothing", "unseen", "momentum", "weightDecay"].includes(name));
    expect(idleSettings([...names, "hidden", "scale"], { policy: "mlp", action: "box", values })).toEqual([]);
    const own = gail.defaults as unknown as Readonly<Record<string, unknown>>;
    expect(idleSettings(["learningRate"], { policy: "tabular", action: "discrete", values: own })).toEqual([]);
  });
});
