import { behaviorCloning, judge, rollout, train } from "apprentice";
import { cartPole } from "apprentice/envs";
import { balancer } from "apprentice/experts";
import { mlp } from "apprentice/policies";
import { save } from "apprentice/runs";

const env = cartPole();
const demos = await rollout(env, balancer(), { episodes: 50, seed: 1 });
const { policy } = await train(behaviorCloning, { demos, policy: mlp(env, { hidden: [32, 32] }) }, { epochs: 4, seed: 0 });
const verdict = await judge(env, policy, { expert: balancer(), episodes: 100, seed: 2 }); // gap, interval, eps, bound where known
const { learner, expert, gap } = verdict;
console.log(`${learner.mean} against ${expert.mean}: gap ${gap.mean} [${gap.low}, ${gap.high}]`);
await save(policy, "cartpole.onnx");
