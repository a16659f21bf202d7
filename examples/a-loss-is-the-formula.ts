import { minibatches, rollout } from "apprentice";
import { adam, input, logSoftmax, mean, neg, takeAlongAxis, trainStep } from "apprentice/autodiff";
import { cartPole } from "apprentice/envs";
import { balancer } from "apprentice/experts";
import { mlp } from "apprentice/policies";

const demos = await rollout(cartPole(), balancer(), { episodes: 20, seed: 1 });

const pi = mlp({ in: 4, hidden: [32, 32], out: 2 });
const s = input("s", ["B", 4]);
const a = input("a", ["B"], "int32");
const loss = neg(mean(takeAlongAxis(logSoftmax(pi(s)), a))); // (1/N) sum log 1/pi_theta(a|s)
const step = await trainStep(loss, pi.params, adam({ learningRate: 1e-3 }));
let last = 0;
for (const batch of minibatches(demos, { size: 32, seed: 0 })) last = (await step(batch)).loss;
console.log(`loss ${last.toFixed(3)}`);
