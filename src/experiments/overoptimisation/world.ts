import { type Rng, rng } from "../../autodiff/index.ts";
import { type Answer, box, type Preference } from "../../mdp/index.ts";
import { linearPolicy, type ResponsePolicy, responsesOf } from "../../policies/index.ts";
import { preferenceProbability } from "../../rewards/index.ts";

/** Answers are points of the plane of D traits; the reference writes N(0, I). */
export const D = 8;
/** How much the expert wants of its favourite mixture of traits, and how much it minds excess. */
const WANT = 1.5;
const EXCESS = 0.6;

export interface World {
  readonly reference: ResponsePolicy;
  readonly context: Float32Array;
  /** r*(y) = w · y − ½ c ‖y‖²: what is really wanted. */
  readonly gold: (answers: readonly Answer[]) => Float64Array;
}

export function worldOf(random: Rng): World {
  const raw = Float64Array.from({ length: D }, () => random.normal());
  const size = Math.hypot(...raw);
  const w = raw.map((value) => (WANT * value) / size);
  const model = responsesOf(
    linearPolicy({ observation: box([1]), action: box([D]) }, { distribution: "gaussian", scale: "constant", initialLogStd: 0 }),
  );
  return {
    reference: { model, theta: new Float32Array(2 * D) },
    context: Float32Array.of(0),
    gold: (answers) =>
      Float64Array.from(answers, ({ y: { actions } }) => {
        let r = 0;
        for (let i = 0; i < D; i++) r += w[i] * actions[i] - 0.5 * EXCESS * actions[i] ** 2;
        return r;
      }),
  };
}

/** What the reference answers, n times. */
export async function drawn({ reference, context }: World, n: number, random: Rng): Promise<Answer[]> {
  const [list] = await reference.model.respond(reference.theta, [context], { n, random });
  return list.map((y) => ({ x: context, y }));
}

/** n comparisons of two answers of the reference, by Bradley and Terry's model of the gold score. */
export async function comparisons(world: World, n: number, random: Rng): Promise<Preference[]> {
  const answers = await drawn(world, 2 * n, random.split("answers"));
  const r = world.gold(answers);
  const chance = random.split("choices");
  return Array.from({ length: n }, (_, i) => {
    const [a, b] = [answers[2 * i], answers[2 * i + 1]];
    const first = chance.float() < preferenceProbability(r[2 * i], r[2 * i + 1]);
    return { x: a.x, yw: first ? a.y : b.y, yl: first ? b.y : a.y };
  });
}

export const streamOf = (seed: number) => rng(seed).split("overoptimisation");
