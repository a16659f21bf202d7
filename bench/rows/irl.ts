import { maxentIrl, start } from "apprentice/algorithms";
import { windyCliff } from "apprentice/envs";
import type { TabularMdp } from "apprentice/mdp";
import { indicators, linearReward } from "apprentice/rewards";
import { occupancy, softValueIteration } from "apprentice/solvers";
import { type Bench, median, seconds } from "../row.ts";

/** What the reference library in Python took for 1000 iterations of the same, on a machine like those this was written on. */
const PYTHON_SECONDS = 5.7;
const PYTHON_ERROR = 12.8;

/** Maximum causal entropy on the 4 x 7 windy cliff, horizon 40, one feature a state, the expert's occupancy known exactly. */
export const irl: Bench = async () => {
  const { mdp } = windyCliff();
  const { pi } = softValueIteration(mdp);
  const problem = { mdp, reward: linearReward(indicators(mdp)), demos: { policy: pi } };
  const wanted = visited(mdp, pi);
  const run = async (options: object) => {
    const learner = start(maxentIrl, problem, options);
    await learner.ready;
    let evaluations = 0;
    const time = await seconds(async () => {
      for await (const record of learner) ({ evaluations } = record);
    });
    const found = visited(mdp, (await learner.result()).policy);
    return { time, evaluations, error: found.reduce((far, d, s) => Math.max(far, Math.abs(d - wanted[s])), 0) };
  };
  const gradient = { optimizer: "adam", learningRate: 1, rounds: 1000, tolerance: 0 };
  const quasiNewton = { optimizer: "lbfgs", tolerance: 1e-3 };
  const [all, few] = [[await run(gradient)], [await run(quasiNewton)]];
  for (let k = 0; k < 5; k++) {
    all.push(await run(gradient));
    few.push(await run(quasiNewton));
  }
  const [thousand, enough] = [all, few].map((runs) => median(runs.slice(1).map(({ time }) => time)));
  return [
    {
      row: "maxent-irl",
      value: thousand,
      unit: "s for 1000 gradient iterations",
      against: `the Python library's recorded ${PYTHON_SECONDS} s`,
      ratio: PYTHON_SECONDS / thousand,
    },
    {
      row: "maxent-irl error",
      value: all[0].error,
      unit: "visits, the largest error after them",
      against: `the Python library's recorded ${PYTHON_ERROR}`,
      ratio: PYTHON_ERROR / all[0].error,
    },
    {
      row: "maxent-irl L-BFGS",
      value: enough,
      unit: `s to an error below 0.001 (${few[0].evaluations} evaluations, error ${few[0].error.toExponential(1)})`,
      against: "1000 gradient iterations",
      ratio: thousand / enough,
    },
  ];
};

/** How often each state is visited in an episode, `[S]`. */
function visited(mdp: TabularMdp, pi: Float64Array): Float64Array {
  const total = new Float64Array(mdp.S);
  occupancy(mdp, pi).d.forEach((d, i) => {
    total[i % mdp.S] += d;
  });
  return total;
}
