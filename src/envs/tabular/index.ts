import { chain } from "./chain.ts";
import { cliffWalking } from "./cliff-walking.ts";
import type { TabularEnv } from "./from-tabular.ts";
import { frozenLake } from "./frozen-lake.ts";
import { garnet } from "./garnet.ts";
import { gridworld } from "./gridworld.ts";
import { rajaraman } from "./rajaraman.ts";
import { routes, threeRoutes } from "./routes.ts";
import { taxi } from "./taxi.ts";
import { tightrope } from "./tightrope.ts";
import { windyCliff } from "./windy-cliff.ts";

export * from "./chain.ts";
export * from "./cliff-walking.ts";
export * from "./clocked.ts";
export * from "./from-tabular.ts";
export * from "./frozen-lake.ts";
export * from "./garnet.ts";
export * from "./gridworld.ts";
export type { GraphLayout, GridLayout, Layout, Show } from "./layout.ts";
export * from "./rajaraman.ts";
export * from "./road-network.ts";
export * from "./routes.ts";
export * from "./table.ts";
export * from "./taxi.ts";
export * from "./tightrope.ts";
export * from "./windy-cliff.ts";

/** The tabular worlds by the names they are found by. */
export const tabularEnvs: Readonly<Record<string, { readonly make: () => TabularEnv; readonly about: string }>> = {
  "FrozenLake-v1": { make: () => frozenLake(), about: "16 cells of slippery ice with holes, from corner to corner" },
  "FrozenLake8x8-v1": {
    make: () => frozenLake({ map: "8x8" }),
    about: "64 cells of slippery ice with holes, from corner to corner",
  },
  "CliffWalking-v1": { make: () => cliffWalking(), about: "along a cliff to the goal, -1 a step, -100 over the edge" },
  "CliffWalkingSlippery-v1": { make: () => cliffWalking({ slippery: true }), about: "the cliff walk, where steps slip aside" },
  "Taxi-v4": { make: () => taxi(), about: "500 states: fetch a passenger, drop them at their destination" },
  "Chain-v1": { make: () => chain(), about: "five states: a small reward at once, or a large one at the far end" },
  "Tightrope-v1": { make: () => tightrope(), about: "one wrong step leaves the expert's path for good" },
  "TightropeRecovery-v1": { make: () => tightrope({ recovery: true }), about: "the tightrope with a ladder back up" },
  "Gridworld-v1": { make: () => gridworld(), about: "5 x 5 cells, steps slip aside one time in ten" },
  "WindyCliff-v1": { make: () => windyCliff(), about: "4 x 7 cells, diagonal moves, wind towards the cliff" },
  "Rajaraman-v1": {
    make: () => rajaraman(),
    about: "rare states in which a learner can only guess: the |S| H^2 / N lower bound",
  },
  "Routes-v1": { make: () => routes(), about: "a driver's way through a town, costs linear in roads and turns" },
  "ThreeRoutes-v1": { make: () => threeRoutes(), about: "three ways of one cost, two of which share their first half" },
  "Garnet-v1": { make: () => garnet(), about: "a random decision process: 20 states, 3 actions, 3 next states each" },
};
