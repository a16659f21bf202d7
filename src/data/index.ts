export * from "./codecs/index.ts";
export * from "./dataset.ts";
export * from "./minibatch.ts";
export * from "./pairs.ts";
export type { Actor, PlayOptions, RolloutProgress } from "./play.ts";
export * from "./rollout.ts";
export * from "./selection.ts";
export * from "./visit.ts";
