import type { Rng } from "../../autodiff/index.ts";
import type { Preference, Response } from "../../mdp/index.ts";

/** Vertices. */
export const N = 10;
const EXTRA = 0.2;
/** Tokens: the end, what stands between graph and answer, an edge each. */
const END = 0;
const SEPARATOR = 1;
const FIRST_EDGE = 2;
const EDGES = (N * (N - 1)) / 2;
export const VOCABULARY = FIRST_EDGE + EDGES;
/** Tokens of the largest graph with an answer, and a few. */
export const CONTEXT = 64;

/** A graph with a Hamiltonian cycle, and two orders of its vertices that are none. */
export interface Graph {
  /** `[N, N]`: 1 where there is an edge. */
  readonly edges: Uint8Array;
  readonly cycle: Uint32Array;
  /** A random order. */
  readonly far: Uint32Array;
  /** The cycle with a part of it turned round, so that as few of its edges as can be are missing. */
  readonly near: Uint32Array;
  /** The edges in the order in which they are listed. */
  readonly listed: readonly number[];
}

/** A cycle through all vertices in a random order, and every other edge with probability 0.2. */
export function drawGraph(random: Rng): Graph {
  const cycle = random.permutation(N);
  const edges = new Uint8Array(N * N);
  const join = (a: number, b: number) => {
    edges[a * N + b] = 1;
    edges[b * N + a] = 1;
  };
  for (let a = 0; a < N; a++) for (let b = 0; b < a; b++) if (random.float() < EXTRA) join(a, b);
  for (let k = 0; k < N; k++) join(cycle[k], cycle[(k + 1) % N]);
  const present = pairs().filter(({ a, b }) => edges[a * N + b] === 1);
  const order = random.permutation(present.length);
  const listed = Array.from(order, (i) => numberOf(present[i].a, present[i].b));
  let far = random.permutation(N);
  while (missing(edges, far) === 0) far = random.permutation(N);
  return { edges, cycle, far, near: nearMiss(edges, cycle, random), listed };
}

/** How many steps of a closed walk through all vertices are along no edge. */
export function missing(edges: Uint8Array, order: ArrayLike<number>): number {
  let n = 0;
  for (let k = 0; k < order.length; k++) n += 1 - edges[order[k] * N + order[(k + 1) % order.length]];
  return n;
}

/** The cycle with a segment turned round: eight or nine of its ten edges stay; of all segments one that lacks the fewest. */
function nearMiss(edges: Uint8Array, cycle: Uint32Array, random: Rng): Uint32Array {
  const turned = pairs()
    .map(({ a: to, b: from }) => Uint32Array.from(cycle, (v, k) => (k >= from && k <= to ? cycle[from + to - k] : v)))
    .map((order) => ({ order, lacks: missing(edges, order) }))
    .filter(({ lacks }) => lacks > 0);
  const fewest = Math.min(...turned.map(({ lacks }) => lacks));
  const nearest = turned.filter(({ lacks }) => lacks === fewest);
  return nearest[random.integer(nearest.length)].order;
}

/** All pairs of vertices b < a, by their numbers. */
function pairs(): { a: number; b: number }[] {
  return Array.from({ length: N }, (_, a) => Array.from({ length: a }, (_, b) => ({ a, b }))).flat();
}

function numberOf(a: number, b: number): number {
  const [low, high] = [Math.min(a, b), Math.max(a, b)];
  return (high * (high - 1)) / 2 + low;
}

/** The graph as a prompt: its edges in their listed order. */
export function promptOf({ listed }: Graph): Int32Array {
  return Int32Array.from([...listed.map((number) => FIRST_EDGE + number), SEPARATOR]);
}

/** Ten of a graph's edges in a random order: what texts about graphs are. */
export function listing({ listed }: Graph, random: Rng): Response {
  const order = random.permutation(listed.length).subarray(0, N);
  return { actions: Int32Array.from([...Array.from(order, (k) => FIRST_EDGE + listed[k]), END]) };
}

/** The same graph with its vertices named anew, and its edges listed in another order. */
export function renamed({ edges, cycle, far, near, listed }: Graph, random: Rng): Graph {
  const name = random.permutation(N);
  const all = pairs();
  const order = random.permutation(listed.length);
  return {
    edges: edges.map((_, i) => edges[name.indexOf(Math.floor(i / N)) * N + name.indexOf(i % N)]),
    cycle: cycle.map((v) => name[v]),
    far: far.map((v) => name[v]),
    near: near.map((v) => name[v]),
    listed: Array.from(order, (k) => numberOf(name[all[listed[k]].a], name[all[listed[k]].b])),
  };
}

/** The edges of a closed walk through all vertices, in their order, as a response. */
export function answerOf(order: ArrayLike<number>): Response {
  const steps = Array.from(order, (v, k) => FIRST_EDGE + numberOf(v, order[(k + 1) % order.length]));
  return { actions: Int32Array.from([...steps, END]) };
}

/** The edges of a response; undefined where it has other tokens or doesn't end. */
export function edgesOf({ actions }: Response): { a: number; b: number }[] | undefined {
  const T = actions.length - 1;
  if (actions[T] !== END) return undefined;
  const all = pairs();
  const found = Array.from(actions.subarray(0, T), (token) => all[token - FIRST_EDGE]);
  return found.every((edge) => edge !== undefined) ? found : undefined;
}

/** Whether edges, in whatever order they are listed, are a Hamiltonian cycle: ten of them, two at each vertex, in one piece. */
export function isCycle(found: readonly { a: number; b: number }[]): boolean {
  if (found.length !== N) return false;
  const beside = Array.from({ length: N }, (): number[] => []);
  for (const { a, b } of found) {
    beside[a].push(b);
    beside[b].push(a);
  }
  if (beside.some((own) => own.length !== 2)) return false;
  let [before, at, length] = [0, beside[0][0], 1];
  while (at !== 0 && length <= N) {
    [before, at] = [at, beside[at][0] === before ? beside[at][1] : beside[at][0]];
    length += 1;
  }
  return length === N;
}

/** Whether a response is a Hamiltonian cycle of a graph. */
export function isAnswer({ edges }: Graph, response: Response): boolean {
  const found = edgesOf(response);
  return found !== undefined && isCycle(found) && found.every(({ a, b }) => edges[a * N + b] === 1);
}

/** The cycle, which any vertex may begin, in either direction, against one that is none. */
export function comparison(graph: Graph, against: "far" | "near", random: Rng): Preference {
  const start = random.integer(N);
  const back = random.integer(2) === 1;
  const written = (order: Uint32Array) => answerOf(Uint32Array.from(order, (_, k) => order[(start + (back ? N - k : k)) % N]));
  return { x: promptOf(graph), yw: written(graph.cycle), yl: written(graph[against]) };
}
