import { createSession, decodeSignature, type Feed } from "../autodiff/index.ts";
import type { Answer } from "../mdp/index.ts";

/** Answers that are scored together at most. */
const TOGETHER = 64;

/**
 * A reward of answers from the bytes of an ONNX file, as reward models of texts are exported (a sequence classifier with one output):
 *
 *     input_ids [R, L], attention_mask [R, L]  to  one number for each row, [R] or [R, 1]
 *
 * ids of prompt and response side by side, padded by zeros at the end, in int64 or int32 (the mask in float32 too); `token_type_ids` and
 * `position_ids` are filled in where they are asked for. A file with inputs `s` `[R, D]` and `a` `[R, K]` scores the one action of a
 * bandit. The ids must be of the tokenizer that the file was trained with.
 *
 * Throws, naming what was found, if the file reads other inputs, or gives other than one number for each answer.
 */
export async function onnxReward(bytes: Uint8Array): Promise<(answers: readonly Answer[]) => Promise<Float64Array>> {
  const { inputs, outputs } = decodeSignature(bytes);
  const names = inputs.map(({ name }) => name);
  const texts = names.includes("input_ids");
  const known = texts ? ["input_ids", "attention_mask", "token_type_ids", "position_ids"] : ["s", "a"];
  const odd = names.filter((name) => !known.includes(name));
  if (odd.length > 0 || (!texts && names.length !== 2) || outputs.length === 0) {
    throw new RangeError(
      `the ONNX file is no reward of answers: found inputs ${names.join(", ") || "none"} and outputs ${outputs.map(({ name }) => name).join(", ") || "none"}; ` +
        "expected input_ids and attention_mask (texts), or s and a (one action), to one number for each row",
    );
  }
  const output = outputs.find(({ name }) => name === "logits") ?? outputs[0];
  const session = await createSession(bytes);
  return async (answers) => {
    const r = new Float64Array(answers.length);
    for (let from = 0; from < answers.length; from += TOGETHER) {
      const batch = answers.slice(from, from + TOGETHER);
      const arrays = texts ? textArrays(batch) : stepArrays(batch);
      const feeds: Record<string, Feed> = {};
      for (const { name, elementType } of inputs) {
        const { numbers, width } = arrays[name];
        // The runtime takes 64-bit arrays as they are; nothing else here has them.
        feeds[name] = { data: arrayOf(elementType, numbers) as Feed["data"], dims: [batch.length, width] };
      }
      const { data } = (await session.run(feeds))[output.name];
      if (data.length !== batch.length) {
        throw new RangeError(
          `the ONNX reward's ${output.name} has ${data.length} numbers for ${batch.length} answers, expected one each; export a model with one output`,
        );
      }
      r.set(data as Float32Array, from);
    }
    return r;
  };
}

interface Numbers {
  readonly numbers: readonly number[];
  readonly width: number;
}

function textArrays(answers: readonly Answer[]): Record<string, Numbers> {
  const width = Math.max(...answers.map(({ x, y }) => x.length + y.actions.length));
  const padded = (row: (answer: Answer) => number[]): Numbers => ({
    width,
    numbers: answers.flatMap((answer) => {
      const own = row(answer);
      return [...own, ...new Array<number>(width - own.length).fill(0)];
    }),
  });
  const ids = ({ x, y }: Answer) => [...x, ...y.actions];
  return {
    input_ids: padded(ids),
    attention_mask: padded((answer) => ids(answer).map(() => 1)),
    token_type_ids: padded(() => []),
    position_ids: padded((answer) => ids(answer).map((_, t) => t)),
  };
}

function stepArrays(answers: readonly Answer[]): Record<string, Numbers> {
  const side = (row: (answer: Answer) => ArrayLike<number>): Numbers => ({
    width: row(answers[0]).length,
    numbers: answers.flatMap((answer) => Array.from(row(answer))),
  });
  return { s: side(({ x }) => x), a: side(({ y }) => y.actions) };
}

/** ONNX's numbers for the types that are read. */
const [INT32, INT64] = [6, 7];

function arrayOf(type: number, numbers: readonly number[]): unknown {
  if (type === INT64) return BigInt64Array.from(numbers, BigInt);
  return type === INT32 ? Int32Array.from(numbers) : Float32Array.from(numbers);
}
