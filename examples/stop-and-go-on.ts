import { behaviorCloning, resume, rollout, start } from "apprentice";
import { cartPole } from "apprentice/envs";
import { balancer } from "apprentice/experts";
import { mlp } from "apprentice/policies";

const env = cartPole();
const problem = { demos: await rollout(env, balancer(), { episodes: 20, seed: 1 }), policy: mlp(env) };

const run = start(behaviorCloning, problem, { epochs: 6, seed: 0 });
for await (const record of run) {
  console.log(`epoch ${record.epoch.toFixed(1)} loss ${record.loss.toFixed(3)}`); // one record a round
  if (record.epoch >= 3) break;
}
const saved = run.checkpoint(); // bytes; resume goes on bit for bit

const again = resume(behaviorCloning, problem, saved);
for await (const record of again) console.log(`epoch ${record.epoch.toFixed(1)} loss ${record.loss.toFixed(3)}`);
