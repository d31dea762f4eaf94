import { LIMITS, type PolicySettings } from '#libs/contracts';

/** A placement that a link moved to, and what for. */
interface Moved {
  readonly atMs: number;
  readonly cause: string;
}

export interface Damped {
  /** From then on it is under the limit again. */
  readonly untilMs: number;
  readonly values: Record<string, number>;
}

/** Whether a link moved so often lately that it may not move by itself now. */
export function damped(
  moves: readonly Moved[],
  { damping_max_moves: limit, damping_window_ms: windowMs }: Required<PolicySettings>,
  nowMs: number,
): Damped | undefined {
  const recent = moves.filter(({ atMs }) => nowMs < atMs + windowMs);
  // Of the last so many moves the oldest: once it leaves the window, there is room for one more.
  const oldest = recent.at(-limit);
  if (recent.length < limit || oldest === undefined) return undefined;
  return {
    untilMs: oldest.atMs + windowMs,
    values: { moves: recent.length, max_moves: limit, window_ms: windowMs },
  };
}

/** The figures, if one more link that moves for the cause would be more than may. */
export function blasted(
  { moved, links }: { readonly moved: number; readonly links: number },
  { blast_share, blast_free_links, blast_window_ms }: Required<PolicySettings>,
  /** The link moved for this cause within the window already, and is one of those counted. */
  counted: boolean,
): Record<string, number> | undefined {
  const limit = Math.max(blast_free_links, Math.floor(blast_share * links));
  if (blast_share >= 1 || moved + (counted ? 0 : 1) <= limit) return undefined;
  return { moved, links, limit, window_ms: blast_window_ms };
}

/** From when on an agent may be chosen again that began too many lives lately; absent: it did not. */
export function flappingUntilMs(
  restartsMs: readonly number[] | undefined,
  { agent_max_restarts: limit, agent_window_ms: windowMs }: Flapping,
  nowMs: number,
): number | undefined {
  const recent = restartsMs?.filter((atMs) => nowMs < atMs + windowMs) ?? [];
  const oldest = recent.at(-limit);
  return recent.length < limit || oldest === undefined ? undefined : oldest + windowMs;
}
export type Flapping = Pick<Required<PolicySettings>, 'agent_max_restarts' | 'agent_window_ms'>;

/** The moves that one of the rules may still look at, the newest last. */
export function rememberedMoves<M extends Moved>(
  moves: readonly M[],
  { damping_window_ms, blast_window_ms }: Required<PolicySettings>,
  nowMs: number,
): readonly M[] {
  const windowMs = Math.max(damping_window_ms, blast_window_ms);
  return moves.filter(({ atMs }) => nowMs < atMs + windowMs).slice(-LIMITS.recentMoves);
}
