export { backup, optimalSweep, type StageStart, softSweep } from "./backup.ts";
export type { DiscountedOptions } from "./linear.ts";
export * from "./occupancy.ts";
export * from "./policies.ts";
export * from "./policy-evaluation.ts";
export * from "./soft-value-iteration.ts";
export * from "./value-iteration.ts";
