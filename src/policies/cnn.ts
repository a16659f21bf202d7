import {
  conv2d,
  kaiming,
  mul,
  type ParamTree,
  param,
  relu,
  reshape,
  slice,
  sub,
  sum,
  type Tensor,
  zeros,
} from "../autodiff/index.ts";
import { type Plain, pictureIn } from "../mdp/index.ts";
import { HEAD_OPTIONS, type HeadOptions, headFor, joinParams, mustBeOptions, type PolicyModel, type Spaces } from "./model.ts";
import { dense } from "./network.ts";

/** One convolution: `filters` square windows of a side, moved by `stride`. */
export interface Convolution {
  readonly filters: number;
  readonly size: number;
  readonly stride: number;
}

export interface CnnOptions extends HeadOptions {
  readonly convolutions?: readonly Convolution[];
  /** Units of the dense layers before the last. */
  readonly hidden?: readonly number[];
  /** The part of a dictionary that is the picture, if it has several; the network sees nothing else. */
  readonly picture?: string;
}

/** The layers of Bojarski et al. 2016. */
const CONVOLUTIONS: readonly Convolution[] = [
  { filters: 24, size: 5, stride: 2 },
  { filters: 36, size: 5, stride: 2 },
  { filters: 48, size: 5, stride: 2 },
  { filters: 64, size: 3, stride: 1 },
  { filters: 64, size: 3, stride: 1 },
];
const HIDDEN: readonly number[] = [100, 50, 10];

/**
 * A policy on pictures: the network of Bojarski et al. 2016 ("End to End Learning for Self-Driving Cars"), normalisation, five
 * convolutions (24, 36, 48 windows of 5 x 5 moved by 2; 64 and 64 of 3 x 3), dense layers of 100, 50 and 10 units; 252,219
 * parameters for a picture of 66 x 200 in three planes and one action. Of the observation it reads the picture `[channels, rows,
 * columns]` from 0 to 255, whatever stands beside it. Between layers relu, on which the paper is silent. Real actions have a
 * Gaussian head by default, as labels seldom lie at the bounds; with `scale: "constant"` its log loss is the squared error.
 * Throws if there is no picture or it is too small for the convolutions.
 */
export function cnn(env: Spaces, options: CnnOptions = {}): PolicyModel {
  mustBeOptions("cnn", options, ["convolutions", "hidden", "picture", ...HEAD_OPTIONS]);
  const { convolutions = CONVOLUTIONS, hidden = HIDDEN, picture, distribution = "gaussian" } = options;
  if (convolutions.length === 0) throw new RangeError("a cnn has at least one convolution, found none; without any use mlp");
  const { from, channels, height, width } = pictureIn(env.observation, picture);
  const head = headFor(env.action, { ...options, distribution });
  const sides = [[channels, height, width]];
  for (const { filters, size: window, stride } of convolutions) {
    const [, rows, columns] = sides[sides.length - 1];
    const next = [rows, columns].map((side) => Math.floor((side - window) / stride) + 1);
    if (next.some((side) => side < 1)) {
      throw new RangeError(
        `a picture of ${height} x ${width} is too small for these convolutions: a window of ${window} x ${window} meets ${rows} x ${columns}; give fewer or smaller convolutions`,
      );
    }
    sides.push([filters, ...next]);
  }
  const layers = convolutions.map(({ filters, size: window }, i) => ({
    w: param([filters, sides[i][0], window, window], kaiming()),
    b: param([filters], zeros),
  }));
  const flat = sides[sides.length - 1].reduce((n, side) => n * side, 1);
  const last = dense({ in: flat, hidden, out: head.inputs, activation: "relu" });
  const network: ParamTree = {
    conv: Object.fromEntries(layers.map((layer, i) => [String(i), layer])),
    dense: last.params,
  };

  const forward = (s: Tensor): Tensor => {
    const pixels = slice(s, 1, from, from + channels * height * width);
    let x = reshape(pixels, [s.shape[0], channels, height, width]);
    layers.forEach(({ w, b }, i) => {
      const stride = convolutions[i].stride;
      // Normalisation, x / 127.5 - 1, is linear: done to the first windows and their bias it costs nothing.
      const [own, bias] = i === 0 ? [mul(w, 1 / 127.5), sub(b, sum(w, [1, 2, 3]))] : [w, b];
      x = relu(conv2d(x, own, bias, { stride }));
    });
    return last(reshape(x, [s.shape[0], flat]));
  };

  const { scale = "fixed", initialLogStd = -0.5 } = options;
  const real: Record<string, Plain> = env.action.kind === "box" ? { distribution, scale, initialLogStd } : {};
  return {
    observation: env.observation,
    action: env.action,
    params: joinParams(network, head),
    head,
    forward,
    scalesItself: true,
    description: {
      kind: "cnn",
      convolutions: convolutions.map((layer) => ({ ...layer })),
      hidden: [...hidden],
      ...real,
    },
  };
}
