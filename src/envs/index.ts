export { acrobot } from "./classic/acrobot.ts";
export { cartPole } from "./classic/cartpole.ts";
export { mountainCar } from "./classic/mountain-car.ts";
export { mountainCarContinuous } from "./classic/mountain-car-continuous.ts";
export { pendulum } from "./classic/pendulum.ts";
export { type ActionOf, type Definition, defineEnv, type Next } from "./define.ts";
export { nearest } from "./nearest.ts";
export { environments, makeEnv, type Registered } from "./registry.ts";
export { batched, type Dynamics, type KernelActions, type World } from "./vector.ts";
