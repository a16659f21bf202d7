import { compile, input, type Program } from "../../../autodiff/index.ts";
import { mapRows, rowsOf } from "../../../data/index.ts";
import type { Answer } from "../../../mdp/index.ts";
import { answerScores } from "../../../policies/index.ts";
import { lossOf } from "./mixture.ts";
import { checkedPreference, type DpoOptions, type DpoProblem } from "./problem.ts";
import { referenceLogProbs } from "./reference.ts";

/** How the policy stands on held-out comparisons. */
export interface HeldOutMeasures {
  /** The loss that is trained by. */
  validationLoss: number;
  /** The share in which the implicit reward of the chosen response is larger; a tie counts one half. */
  validationAccuracy: number;
  /** The mean of β [h(yw) - h(yl)], h(y) = log π_θ(y | x)/π_ref(y | x). */
  validationMargin: number;
}

/** Held-out comparisons that are looked at while it trains: more cost time and say little more. */
const HELD = 256;

/** The measures of a policy's parameters on the held-out comparisons; nothing where there are none. */
export async function heldOutJudge(
  { policy, reference = policy, validation, cache }: DpoProblem,
  options: DpoOptions,
): Promise<((theta: Float32Array) => Promise<HeldOutMeasures>) | undefined> {
  if (!validation || validation.length === 0) return undefined;
  const n = Math.min(HELD, validation.length);
  const rows = mapRows(validation, checkedPreference);
  const pairs = await rows.get(Array.from({ length: n }, (_, i) => i));
  const chosen = pairs.map(({ x, yw }): Answer => ({ x, y: yw }));
  const rejected = pairs.map(({ x, yl }): Answer => ({ x, y: yl }));
  const { model } = policy;
  const none = new Float32Array(n);
  const refOf = (answers: readonly Answer[]) =>
    options.referenceFree ? none : referenceLogProbs(reference, rowsOf(answers), cache);
  const lengths = (answers: readonly Answer[]) => Float32Array.from(answers, ({ y }) => model.length(y));
  const known = {
    ...{ refW: await refOf(chosen), refL: await refOf(rejected) },
    ...{ lengthW: lengths(chosen), lengthL: lengths(rejected) },
  };
  const program = await compileLoss(n, options);
  return async (theta) => {
    const scores = async (answers: readonly Answer[]) =>
      Float32Array.from((await answerScores({ model, theta }, answers)).logProb);
    const [w, l] = [await scores(chosen), await scores(rejected)];
    const margins = w.map((own, i) => options.beta * (own - known.refW[i] - (l[i] - known.refL[i])));
    return {
      validationLoss: (await program.run({ w, l, ...known })).loss[0],
      validationAccuracy: margins.reduce((sum, z) => sum + (1 + Math.sign(z)) / 2 / n, 0),
      validationMargin: margins.reduce((sum, z) => sum + z / n, 0),
    };
  };
}

/** The loss of n comparisons from their log-probabilities. */
function compileLoss(n: number, options: DpoOptions): Promise<Program> {
  const whole = (name: string) => input(name, [n]);
  const pairs = { w: whole("w"), l: whole("l"), refW: whole("refW"), refL: whole("refL") };
  return compile({ outputs: { loss: lossOf({ ...pairs, lengthW: whole("lengthW"), lengthL: whole("lengthL") }, options) } });
}
