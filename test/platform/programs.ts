import {
  adam,
  argmax,
  compileUpdate,
  conv2d,
  createSession,
  filled,
  glorot,
  initialState,
  input,
  layerNorm,
  linear,
  logSoftmax,
  mean,
  neg,
  param,
  relu,
  reshape,
  rng,
  softmax,
  takeAlongAxis,
  tanh,
  toOnnx,
  zeros,
} from "../../src/autodiff/index.ts";

/** What one runtime makes of the programs below; plain numbers, so that it can be carried out of a page. */
export interface Figures {
  /** Losses of single updates, then of a block of updates. */
  losses: number[];
  gradNorms: number[];
  theta: number[];
  /** Probabilities and actions of the exported policy, run from its bytes. */
  probabilities: number[];
  actions: number[];
  /** The policy's file, written by the runtime that trained it. */
  policy: number[];
}

/** Trains a small network with a convolution in it, exports it as a policy and runs that; the same wherever it is executed. */
export async function trainAndExport(): Promise<Figures> {
  const [B, updates] = [16, 40];
  const filters = param([4, 1, 3, 3], glorot());
  const norm = { gain: param([16], filled(1)), bias: param([16], zeros) };
  const hidden = { W: param([16, 16], glorot()), b: param([16], zeros) };
  const last = { W: param([16, 3], glorot()), b: param([3], zeros) };
  const [image, action] = [input("image", ["B", 1, 5, 5]), input("action", ["B"], "int32")];
  const seen = reshape(relu(conv2d(image, filters, undefined, { stride: 2 })), ["B", 16]);
  const logits = linear(tanh(linear(layerNorm(seen, norm.gain, norm.bias), hidden.W, hidden.b)), last.W, last.b);
  const params = { filters, norm, hidden, last };
  const optimizer = adam({ learningRate: 1e-2 });
  const loss = neg(mean(takeAlongAxis(logSoftmax(logits), action)));
  const update = await compileUpdate({ loss, params, optimizer, clipNorm: 1 });
  const state = initialState(params, optimizer, 7);

  const random = rng(8);
  const images = Float32Array.from({ length: updates * B * 25 }, () => random.normal());
  const actions = Int32Array.from({ length: updates * B }, (_, i) =>
    images[25 * i] > 0.4 ? 2 : images[25 * i + 12] > 0 ? 1 : 0,
  );
  const batch = (from: number, count: number) => ({
    image: images.slice(from * B * 25, (from + count) * B * 25),
    action: actions.slice(from * B, (from + count) * B),
  });
  const [losses, gradNorms]: number[][] = [[], []];
  for (let t = 0; t < 5; t++) {
    const report = await update.run(state, batch(t, 1));
    losses.push(...report.loss);
    gradNorms.push(...report.gradNorm);
  }
  const report = await update.run(state, batch(5, updates - 5), updates - 5);
  losses.push(...report.loss);
  gradNorms.push(...report.gradNorm);
  await update.release();

  const policy = toOnnx({ outputs: { probabilities: softmax(logits), action: argmax(logits) }, params, theta: state.theta });
  return { losses, gradNorms, theta: [...state.theta], ...(await act(policy)), policy: [...policy] };
}

/** Runs a policy's file on images of its own. */
export async function act(policy: Uint8Array): Promise<Pick<Figures, "probabilities" | "actions">> {
  const random = rng(9);
  const session = await createSession(policy);
  const out = await session.run({
    image: { data: Float32Array.from({ length: 10 * 25 }, () => random.normal()), dims: [10, 1, 5, 5] },
  });
  await session.release();
  return { probabilities: [...out.probabilities.data], actions: [...out.action.data] };
}
