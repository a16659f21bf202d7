export * from "./deep/index.ts";
export * from "./tabular/index.ts";
