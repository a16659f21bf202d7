export * from "./algorithm.ts";
export * from "./env.ts";
export * from "./expert.ts";
export * from "./policy.ts";
export * from "./space.ts";
export * from "./space-json.ts";
export * from "./tabular.ts";
export * from "./trajectory.ts";
