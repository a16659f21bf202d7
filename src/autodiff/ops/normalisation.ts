import { shapeError } from "../shape.ts";
import { apply, type Op, requireType, type Tensor } from "../tensor.ts";
import { add, broadcastTo, div, mean, mul, neg, side, sub, sumTo } from "./arithmetic.ts";
import { sqrt, square } from "./elementwise.ts";

/**
 * (x - μ) / √(σ² + ε) · gain + bias over the last axis (Ba, Kiros & Hinton 2016); gain and bias `[D]`.
 */
export function layerNorm(x: Tensor, gain: Tensor, bias: Tensor, epsilon = 1e-5): Tensor {
  checkNorm("layerNorm", x, gain, bias);
  return apply(layerNormOp, [x, gain, bias], x.shape, { epsilon });
}

function checkNorm(op: string, x: Tensor, ...scales: Tensor[]): void {
  for (const t of [x, ...scales]) requireType(op, t, "float32");
  const D = x.shape[x.shape.length - 1];
  for (const t of scales) {
    if (x.shape.length === 0 || t.shape.length !== 1 || t.shape[0] !== D) {
      throw shapeError(op, [x.shape, ...scales.map((own) => own.shape)], `[..., D] and [D]${scales.length > 1 ? " twice" : ""}`);
    }
  }
}

const layerNormOp: Op = {
  name: "layerNorm",
  // The runtime keeps the mean and the inverse deviation as further outputs, which the backward pass reads.
  emit: (e, t, operands) =>
    e.nodes("LayerNormalization", operands, 3, { axis: { int: -1 }, epsilon: { float: t.attrs.epsilon as number } })[0],
  grad: (t, g) => {
    const [x, gain] = t.inputs;
    const [mu, rstd] = [statistic(t, 1), statistic(t, 2)];
    const xHat = mul(sub(x, mu), rstd);
    const u = mul(g, gain);
    // dx = rstd (u - mean(u) - x̂ mean(u x̂))
    const dx = mul(rstd, sub(sub(u, mean(u, -1, true)), mul(xHat, mean(mul(u, xHat), -1, true))));
    return [dx, sumTo(mul(g, xHat), gain.shape), sumTo(g, t.inputs[2].shape)];
  },
};

/** The mean (1) or the inverse deviation (2) that a layerNorm node computed, `[..., 1]`. */
function statistic(norm: Tensor, index: 1 | 2): Tensor {
  return apply(statisticOp, [norm, norm.inputs[0]], [...norm.shape.slice(0, -1), 1], { index });
}

const statisticOp: Op = {
  name: "layerNormStatistic",
  emit: (e, t, [norm]) => e.sibling(norm, t.attrs.index as number),
  grad: (t, g) => {
    const [norm, x] = t.inputs;
    const share = div(g, side(x.shape[x.shape.length - 1]));
    if (t.attrs.index === 1) return [undefined, broadcastTo(share, x.shape)];
    // d rstd / dx = -rstd³ (x - μ) / D
    const rstd = t;
    const centred = sub(x, statistic(norm, 1));
    return [undefined, mul(mul(neg(share), mul(rstd, square(rstd))), centred)];
  },
};

/** x / √(mean(x²) + ε) · gain over the last axis (Zhang & Sennrich 2019); gain `[D]`. */
export function rmsNorm(x: Tensor, gain: Tensor, epsilon = 1e-6): Tensor {
  checkNorm("rmsNorm", x, gain);
  return mul(div(x, sqrt(add(mean(square(x), -1, true), epsilon))), gain);
}
