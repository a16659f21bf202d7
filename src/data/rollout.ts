import type { Env } from "../mdp/env.ts";
import { size } from "../mdp/space.ts";
import {
  type ActionColumn,
  actionColumn,
  type Dataset,
  fromTrajectories,
  type ObservationColumn,
  observationColumn,
  type TrajectoryView,
} from "./dataset.ts";
import { type Growing, growing } from "./growing.ts";
import { type Actor, type PlayOptions, play } from "./play.ts";

export interface RolloutOptions extends PlayOptions {
  readonly episodes: number;
  /** Who acted, kept with the data. */
  readonly expert?: string;
}

/**
 * Exactly `episodes` trajectories of an actor.
 *
 * Episode e follows stream e of the seed, and every episode that is begun is played to its end. So there is none of the
 * bias towards short episodes that comes from keeping the first n to finish, and the data don't depend on the number of
 * copies (as far as the actor's answer for a row doesn't depend on the rows beside it). Real actions are kept as they are
 * executed: in single precision, clipped to the bounds of their space. Observations that are bytes are kept as bytes.
 *
 * Throws if the actor answers with a wrong number of actions or one outside the space (the episode and the step are
 * named), and for an environment without a limit unless `maxSteps` is given.
 */
export async function rollout(env: Env, actor: Actor, options: RolloutOptions): Promise<Dataset> {
  const { episodes, seed, expert } = options;
  checkEpisodes(episodes);
  const D = size(env.observation);
  const K = size(env.action);
  const played: TrajectoryView[] = new Array(episodes);
  const open = new Map<number, { observations: Growing<ObservationColumn>; actions: Growing<ActionColumn>; rewards: number[] }>();
  await play(env, actor, options, {
    more: (begun) => begun < episodes,
    began: (e, row) => {
      const observations = growing((length) => observationColumn(env.observation, length / D));
      observations.push(row);
      open.set(e, { observations, actions: growing((length) => actionColumn(env.action, length / K)), rewards: [] });
    },
    stepped: (e, action, reward, row) => {
      const episode = open.get(e)!;
      episode.actions.push(action);
      episode.rewards.push(reward);
      episode.observations.push(row);
    },
    ended: (e, terminated) => {
      const { observations, actions, rewards } = open.get(e)!;
      open.delete(e);
      played[e] = {
        observations: observations.values(),
        actions: actions.values(),
        rewards: Float64Array.from(rewards),
        terminated,
      };
    },
  });
  const metadata = { env: env.id, ...(expert === undefined ? {} : { expert }), seed, autoreset: "disabled" as const };
  return fromTrajectories(env.observation, env.action, played, metadata);
}

/** What episodes came to, `[episodes]` each. */
export interface EpisodeReturns {
  /** sum_t r_t, in the environment's units */
  readonly returns: Float64Array;
  /** T */
  readonly lengths: Uint32Array;
  /** 1 where the world ended the episode. */
  readonly terminated: Uint8Array;
}

/** The returns and lengths of the episodes that `rollout` would record, without recording them. */
export async function episodeReturns(env: Env, actor: Actor, options: RolloutOptions): Promise<EpisodeReturns> {
  const { episodes } = options;
  checkEpisodes(episodes);
  const returns = new Float64Array(episodes);
  const lengths = new Uint32Array(episodes);
  const terminated = new Uint8Array(episodes);
  await play(env, actor, options, {
    more: (begun) => begun < episodes,
    began: () => {},
    stepped: (e, _action, reward) => {
      returns[e] += reward;
      lengths[e] += 1;
    },
    ended: (e, ended) => {
      terminated[e] = ended ? 1 : 0;
    },
  });
  return { returns, lengths, terminated };
}

function checkEpisodes(episodes: number): void {
  if (!(Number.isInteger(episodes) && episodes > 0)) {
    throw new RangeError(`episodes is a positive whole number, found ${episodes}`);
  }
}
