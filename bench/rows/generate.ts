import { compile, gather, input, rng } from "apprentice/autodiff";
import { decoder, firstTheta, gpt2, held, hiddenStates, languageFamily, logits } from "apprentice/policies";
import { type Bench, paired, type Row, seconds } from "../row.ts";

const CONFIG = gpt2({ vocabulary: 512, context: 256, width: 128, layers: 4, heads: 4 });
const LENGTH = 128;

/** Tokens around a length of 128 whose cost is measured by itself. */
const NEAR = 16;

/**
 * Tokens a second, a token at a time with the cache, against computing the whole sequence anew for each: 1 prompt and 32. First over
 * a whole text from 8 tokens on, most of which is shorter than 128; then of the tokens around the 128th alone.
 */
export const generate: Bench = async ({ say }) => {
  const family = languageFamily(CONFIG);
  const theta = firstTheta(family, 0);
  const { vocabulary: V } = CONFIG;
  const live = held(family.weights, family.params, "theta");
  const ids = input("ids", ["B", "T"], "int32");
  const { hidden } = hiddenStates(CONFIG, live.weights, ids, { positions: input("positions", ["T"], "int32") });
  const naive = await compile({ outputs: { z: logits(live.weights, gather(hidden, input("last", ["B"], "int32"))) } });
  const weights = live.feeds(theta);
  const best = (z: Float32Array, row: number) => {
    let at = 0;
    for (let v = 1; v < V; v++) if (z[row * V + v] > z[row * V + at]) at = v;
    return at;
  };

  const rows: Row[] = [];
  for (const B of [1, 32]) {
    say(`generating ${LENGTH} tokens for ${B} prompt${B > 1 ? "s" : ""}, with the cache and without`);
    const random = rng(B);
    const prompts = Array.from({ length: B }, () => Int32Array.from({ length: 8 }, () => random.integer(V)));
    const texts = [[] as string[], [] as string[]];

    const ours = async () => {
      const own = decoder(family, theta);
      const sequences = prompts.map((prompt) => [...prompt]);
      const time = await seconds(async () => {
        let z = await own.begin(prompts);
        for (let t = 0; t < LENGTH; t++) {
          const tokens = Int32Array.from(prompts, (_, row) => best(z, row));
          sequences.forEach((sequence, row) => {
            sequence.push(tokens[row]);
          });
          if (t + 1 < LENGTH) z = await own.append(tokens);
        }
      });
      texts[0].push(sequences.join("|"));
      return (B * LENGTH) / time;
    };

    const long = Array.from({ length: B }, () => Int32Array.from({ length: LENGTH - NEAR / 2 }, () => random.integer(V)));
    const oursNear = async () => {
      const own = decoder(family, theta);
      let z = await own.begin(long);
      const time = await seconds(async () => {
        for (let t = 0; t < NEAR; t++) z = await own.append(Int32Array.from(long, (_, row) => best(z, row)));
      });
      return (B * NEAR) / time;
    };

    const theirs = (from: readonly Int32Array[], length: number) => async () => {
      const sequences = from.map((prompt) => [...prompt]);
      const time = await seconds(async () => {
        for (let t = 0; t < length; t++) {
          const T = from[0].length + t;
          const positions = Int32Array.from({ length: T }, (_, k) => k);
          const last = Int32Array.from({ length: B }, (_, row) => (row + 1) * T - 1);
          const z = (await naive.run({ ...weights, ids: Int32Array.from(sequences.flat()), positions, last })).z as Float32Array;
          sequences.forEach((sequence, row) => {
            sequence.push(best(z, row));
          });
        }
      });
      if (length === LENGTH) texts[1].push(sequences.join("|"));
      return (B * length) / time;
    };

    const measured = await paired(B === 1 ? 5 : 3, ours, theirs(prompts, LENGTH));
    if (texts[0][0] !== texts[1][0]) say("the two do not agree on every token: rounding decided somewhere");
    rows.push({
      row: `generate-${B}`,
      value: measured.ours,
      unit: "tokens/s",
      against: `the same without a cache, ${Math.round(measured.theirs)} tokens/s`,
      ratio: measured.ratio,
    });
    const near = await paired(B === 1 ? 15 : 5, oursNear, theirs(long, NEAR));
    rows.push({
      row: `generate-${B} at ${LENGTH}`,
      value: near.ours,
      unit: "tokens/s",
      against: `the same without a cache, ${Math.round(near.theirs)} tokens/s`,
      ratio: near.ratio,
    });
  }
  await naive.release();
  return rows;
};
