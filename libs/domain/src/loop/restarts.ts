import { LIMITS } from '#libs/contracts';
import { setNewest } from '../newest.ts';

/** Agents whose lives are remembered at most; the one that was heard of the longest ago is forgotten. */
const AGENTS_WATCHED = 20_000;

interface Lives {
  readonly incarnation: string;
  /** The life before it: a late report of that one begins nothing. */
  readonly before?: string;
  readonly begunMs: readonly number[];
}

/**
 * When the lives of each agent began, as far as this process saw one replace another in the reports. The first life
 * that it sees is no restart; what was before its own start it does not know.
 */
export class RestartBook {
  private readonly lives = new Map<string, Lives>();

  heard(agentId: string, incarnation: string, reportedMs: number): void {
    const known = this.lives.get(agentId);
    if (known?.incarnation === incarnation || known?.before === incarnation) return;
    const begunMs = known === undefined ? [] : [...known.begunMs, reportedMs].slice(-LIMITS.restartsPerAgent);
    const before = known === undefined ? {} : { before: known.incarnation };
    setNewest(this.lives, agentId, { incarnation, ...before, begunMs }, AGENTS_WATCHED);
  }

  /** Whether the agent's present life, as far as this process saw, took the place of this one. */
  wasReplaced(agentId: string, incarnation: string): boolean {
    return this.lives.get(agentId)?.before === incarnation;
  }

  /** Milliseconds since 1970, the oldest first. */
  of(agentId: string): readonly number[] {
    return this.lives.get(agentId)?.begunMs ?? NONE;
  }
}

const NONE: readonly number[] = [];
