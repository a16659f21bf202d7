import { describe, expect, it } from "vitest";
import { adam, adamW, clipByGlobalNorm, constantSchedule, cosineSchedule, globalNorm, linearSchedule, sgd } from "./optim.ts";
import { compile } from "./program.ts";
import { input } from "./tensor.ts";

describe("schedules", () => {
  it("rise in a straight line over the warm-up: 1/n of the rate at update 1, all of it at update n", () => {
    for (const schedule of [
      constantSchedule(0.4, 4),
      linearSchedule(0.4, 20, { warmup: 4 }),
      cosineSchedule(0.4, 20, { warmup: 4 }),
    ]) {
      [0.1, 0.2, 0.3, 0.4].forEach((rate, k) => {
        expect(schedule(k + 1)).toBeCloseTo(rate, 12);
      });
      expect(schedule(4)).toBe(0.4);
    }
  });

  it("constant stays, linear and cosine pass the middle half way down, reach the end at the last update and stay there", () => {
    const options = { warmup: 4, end: 0.1 };
    expect([1, 5, 1e6].map(constantSchedule(0.4))).toEqual([0.4, 0.4, 0.4]);
    for (const schedule of [linearSchedule(0.4, 20, options), cosineSchedule(0.4, 20, options)]) {
      expect(schedule(12)).toBeCloseTo(0.25, 12);
      expect(schedule(20)).toBeCloseTo(0.1, 12);
      expect(schedule(21)).toBeCloseTo(0.1, 12);
      expect(schedule(1e6)).toBeCloseTo(0.1, 12);
    }
    // Off the middle they part: the cosine stays high longer.
    expect(linearSchedule(0.4, 20, options)(8)).toBeCloseTo(0.325, 12);
    expect(cosineSchedule(0.4, 20, options)(8)).toBeCloseTo(0.1 + 0.15 * (1 + Math.SQRT1_2), 12);
  });

  it("without a warm-up begin to fall at once, and never divide by zero", () => {
    for (const make of [linearSchedule, cosineSchedule]) {
      const schedule = make(1, 10);
      expect(schedule(0)).toBe(1);
      expect(schedule(1)).toBeLessThan(1);
      expect(schedule(1)).toBeGreaterThan(0.89);
      expect(schedule(10)).toBeCloseTo(0, 12);
      expect(make(1, 3, { warmup: 3 })(3)).toBe(1);
      expect(make(1, 3, { warmup: 3 })(4)).toBeCloseTo(0, 12);
      expect(make(1, 2, { warmup: 5 })(5)).toBe(1);
    }
  });
});

describe("a run of one update", () => {
  it("is made at the full rate: falling to its end at once would teach nothing", () => {
    for (const make of [linearSchedule, cosineSchedule]) {
      expect([make(0.3, 1)(1), make(0.3, 1, { end: 0.1 })(1), make(0.3, 1, { warmup: 1 })(1)]).toEqual([0.3, 0.3, 0.3]);
      expect(make(0.3, 1)(2)).toBeCloseTo(0, 12);
      expect(make(0.3, 2)(2)).toBeCloseTo(0, 12);
    }
  });
});

describe("coefficients", () => {
  it("of Adam fold both bias corrections into the step size and epsilon", () => {
    const { coefficients } = adam({ learningRate: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 1e-3 });
    for (const t of [1, 3, 100]) {
      // One update of the book with g = 2 throughout, and the same with what the slots hold then.
      const [m, v] = [2 * (1 - 0.9 ** t), 4 * (1 - 0.99 ** t)];
      const step = (0.1 * (m / (1 - 0.9 ** t))) / (Math.sqrt(v / (1 - 0.99 ** t)) + 1e-3);
      const [a, e] = coefficients(t);
      expect((a * (m / 0.1)) / (Math.sqrt(v / 0.01) + e)).toBeCloseTo(step, 12);
    }
  });

  it("are as many as the optimizer says, and follow the schedule", () => {
    for (const optimizer of [adam(), adamW(), adamW({ weightDecay: 0 }), sgd({ learningRate: 1 })])
      for (const t of [1, 2, 1e6]) expect(optimizer.coefficients(t).length).toBe(optimizer.width);
    expect(sgd({ learningRate: (t) => 1 / t }).coefficients(4)).toEqual([0.25]);
  });
});

describe("clipping by the global norm", () => {
  it("shortens what is longer, leaves what is shorter, and leaves zero zero", async () => {
    const g = input("g", [2]);
    const program = await compile({ outputs: { clipped: clipByGlobalNorm(g, 2.5), norm: globalNorm(g) } });
    const at = async (...values: number[]) => program.run({ g: Float32Array.from(values) });
    const long = await at(3, -4);
    expect(long.norm[0]).toBe(5);
    expect(long.clipped[0]).toBeCloseTo(1.5, 6);
    expect(long.clipped[1]).toBeCloseTo(-2, 6);
    expect([...(await at(1.5, 2)).clipped]).toEqual([1.5, 2].map((value) => expect.closeTo(value, 5)));
    expect([...(await at(0.3, 0.4)).clipped]).toEqual([0.3, 0.4].map(Math.fround));
    expect([...(await at(0, 0)).clipped]).toEqual([0, 0]);
  });
});
