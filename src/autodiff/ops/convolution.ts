import { type Shape, sameShape, shapeError, show } from "../shape.ts";
import { apply, type Op, requireType, type Tensor } from "../tensor.ts";
import { sum } from "./arithmetic.ts";

export interface Conv2dOptions {
  /** Steps of the window, rows and columns. */
  readonly stride?: number | readonly [number, number];
  /** Zeros around the image, rows and columns. */
  readonly padding?: number | readonly [number, number];
}

/**
 * A convolution (cross-correlation, as in every library of the field) of images `[B, C, H, W]` with filters
 * `[F, C, h, w]`, and a bias `[F]` if given, to `[B, F, H', W']`, H' = ⌊(H + 2 padding - h) / stride⌋ + 1. Throws a RangeError
 * on other shapes, filters larger than the padded image, strides below 1 or paddings below 0.
 */
export function conv2d(x: Tensor, w: Tensor, bias?: Tensor, options: Conv2dOptions = {}): Tensor {
  for (const t of bias ? [x, w, bias] : [x, w]) requireType("conv2d", t, "float32");
  const pair = (value: number | readonly [number, number]) => (typeof value === "number" ? [value, value] : value);
  const stride = pair(options.stride ?? 1);
  const padding = pair(options.padding ?? 0);
  const [B, C, H, W] = x.shape;
  const [F, c, h, v] = w.shape;
  if (x.shape.length !== 4 || w.shape.length !== 4 || C !== c || [C, H, W, F, h, v].some((side) => typeof side !== "number")) {
    throw shapeError("conv2d", [x.shape, w.shape], "[B, C, H, W] and [F, C, h, w] with numbers for all but B");
  }
  if (bias && !sameShape(bias.shape, [F])) throw shapeError("conv2d", [x.shape, w.shape, bias.shape], `a bias [${F}]`);
  if (!stride.every((own) => Number.isInteger(own) && own > 0) || !padding.every((own) => Number.isInteger(own) && own >= 0)) {
    throw new RangeError(
      `conv2d: stride ${show(stride)} and padding ${show(padding)}; expected whole numbers, strides of 1 or more, paddings of 0 or more`,
    );
  }
  const side = (image: number, filter: number, axis: number) =>
    Math.floor((image + 2 * padding[axis] - filter) / stride[axis]) + 1;
  const [rows, columns] = [side(H as number, h as number, 0), side(W as number, v as number, 1)];
  if (rows < 1 || columns < 1) throw shapeError("conv2d", [x.shape, w.shape], "filters no larger than the padded image");
  return convolve(x, w, bias, [B, F, rows, columns], { stride, padding });
}

interface Window {
  readonly [name: string]: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];
}

const windowOf = (t: Tensor) => t.attrs as Window;

// The convolution is linear in the image and in the filters, so three operations are closed under differentiation:
// y = conv(x, w) + b;  its adjoint in x: image(g, w);  its adjoint in w: filter(x, g).

function convolve(x: Tensor, w: Tensor, bias: Tensor | undefined, shape: Shape, window: Window): Tensor {
  return apply(convOp, bias ? [x, w, bias] : [x, w], shape, window);
}

/** The adjoint of the images: what every window gave, given back to where it came from. */
function imageAdjoint(g: Tensor, w: Tensor, shape: Shape, window: Window): Tensor {
  return apply(imageOp, [g, w], shape, window);
}

function filterAdjoint(x: Tensor, g: Tensor, shape: Shape, window: Window): Tensor {
  return apply(filterOp, [x, g], shape, window);
}

const convOp: Op = {
  name: "conv2d",
  emit: (e, t, operands) => {
    const { stride, padding } = windowOf(t);
    return e.node("Conv", operands, { strides: { ints: stride }, pads: { ints: [...padding, ...padding] } });
  },
  grad: (t, g) => {
    const [x, w, bias] = t.inputs;
    const grads = [imageAdjoint(g, w, x.shape, windowOf(t)), filterAdjoint(x, g, w.shape, windowOf(t))];
    return bias ? [...grads, sum(g, [0, 2, 3])] : grads;
  },
};

const imageOp: Op = {
  name: "conv2dImage",
  emit: (e, t, operands) => {
    const { stride, padding } = windowOf(t);
    const w = t.inputs[1].shape as number[];
    const image = t.shape.slice(2) as number[];
    // Rows and columns that no window reached must be given back too.
    const left = image.map((side, axis) => (side + 2 * padding[axis] - w[2 + axis]) % stride[axis]);
    return e.node("ConvTranspose", operands, {
      strides: { ints: stride },
      pads: { ints: [...padding, ...padding] },
      output_padding: { ints: left },
    });
  },
  grad: (t, g) => {
    const [y, w] = t.inputs;
    return [convolve(g, w, undefined, y.shape, windowOf(t)), filterAdjoint(g, y, w.shape, windowOf(t))];
  },
};

const filterOp: Op = {
  name: "conv2dFilter",
  /**
   * A convolution of the images with the adjoints as filters: the batch is what is summed over, strides become dilations.
   * The images' channels lie side by side in their rows, `[1, B, H, W C]`: so one product gives the filters of all channels
   * at once, and what the runtime copies for it are runs of w C numbers. Channel by channel it takes about twice as long.
   */
  emit: (e, t, [x, g]) => {
    const { stride, padding } = windowOf(t);
    const [B, , H, W] = t.inputs[0].shape as [string | number, number, number, number];
    const [F, C, h, w] = t.shape as number[];
    const [, , rows, columns] = t.inputs[1].shape as number[];
    // What the windows reach of the padded image: the rest is cut off, so that h by w results come out and no more.
    const reach = [stride[0] * (rows - 1) + h - padding[0], stride[1] * (columns - 1) + w - padding[1]];
    const kept = [Math.min(H, reach[0]), Math.min(W, reach[1])];
    const whole = kept[0] === H && kept[1] === W;
    const seen = whole ? x : e.node("Slice", [x, e.ints([0, 0]), e.ints(kept), e.ints([2, 3])]);
    const interleaved = e.node("Reshape", [
      e.node("Transpose", [seen], { perm: { ints: [0, 2, 3, 1] } }),
      e.sides([1, B, kept[0], kept[1] * C]),
    ]);
    const adjoints = e.node("Transpose", [g], { perm: { ints: [1, 0, 2, 3] } });
    const filters = e.node("Conv", [interleaved, adjoints], {
      dilations: { ints: [stride[0], stride[1] * C] },
      pads: { ints: [padding[0], padding[1] * C, reach[0] - kept[0], (reach[1] - kept[1]) * C] },
    });
    return e.node("Transpose", [e.node("Reshape", [filters, e.ints([F, h, w, C])])], { perm: { ints: [0, 3, 1, 2] } });
  },
  grad: (t, g) => {
    const [x, y] = t.inputs;
    return [imageAdjoint(y, g, x.shape, windowOf(t)), convolve(x, g, undefined, y.shape, windowOf(t))];
  },
};
