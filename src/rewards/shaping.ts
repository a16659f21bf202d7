import { add, mul, sub, type Tensor } from "../autodiff/index.ts";

/** The parts of a shaped reward: of a batch `[B]`, or numbers. */
export interface Shaping<T> {
  /** The reward that is to be kept. */
  readonly g: T;
  /** h(s), the potential of the state. */
  readonly h: T;
  /** h(s') */
  readonly next: T;
  /** 1 where the world ended the episode: nothing follows, so the potential is 0 there. */
  readonly ended: T;
}

/**
 * A reward and a potential (Fu et al. 2018, eq. 4; Ng, Harada & Russell 1999):
 *
 *     f(s, a, s') = g(s, a) + γ (1 − ended) h(s') − h(s)
 *
 * The sum of discounted f along an episode is that of g, less h of its first state: whatever h is, the same policies are best.
 * @formula potential-shaping
 */
export function shaped({ g, h, next, ended }: Shaping<Tensor>, gamma: number): Tensor {
  return sub(add(g, mul(gamma, mul(sub(1, ended), next))), h);
}

/** The same of one step. */
export function shapedNumber({ g, h, next, ended }: Shaping<number>, gamma: number): number {
  return g + gamma * (1 - ended) * next - h;
}
