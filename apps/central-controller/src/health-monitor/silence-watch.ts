import { health } from '#libs/domain';
import type { PlacedLives } from './placed.ts';

interface Life extends health.Expectation {
  /** It has reported to this watch; one that did not is expected because something is placed on it. */
  readonly reported: boolean;
}

/**
 * Which lives of agents are expected to report, and which have been silent for too long. Times are of the
 * watcher's own clock, so that an agent's clock cannot end a lease; a life first expected is given all of it.
 */
export class SilenceWatch {
  private readonly lives = new Map<string, Map<string, Life>>();
  /** Declared lives, so that a placement that is not yet over does not make them expected again. */
  private readonly declared = new Map<string, Set<string>>();

  constructor(private readonly marginMs: number) {}

  heard(agentId: string, incarnation: string, leaseMs: number | undefined, nowMs: number): void {
    const lives = this.livesOf(agentId);
    lives.set(incarnation, {
      agent_id: agentId,
      incarnation,
      ...(leaseMs !== undefined && { leaseMs }),
      sinceMs: nowMs,
      reported: true,
    });
  }

  /** These lives carry something: they are expected from now, unless they are already. */
  expect(placed: PlacedLives, nowMs: number): void {
    for (const [agentId, incarnations] of placed) {
      const lives = this.livesOf(agentId);
      for (const [incarnation, leaseMs] of incarnations) {
        if (lives.has(incarnation) || this.declared.get(agentId)?.has(incarnation)) continue;
        const lease = leaseMs === undefined ? {} : { leaseMs };
        lives.set(incarnation, { agent_id: agentId, incarnation, ...lease, sinceMs: nowMs, reported: false });
      }
    }
    this.forget(placed);
  }

  knows(agentId: string): boolean {
    return this.lives.has(agentId);
  }

  /** Lives whose silence is long enough by now. */
  due(nowMs: number): health.Expectation[] {
    const due: health.Expectation[] = [];
    for (const lives of this.lives.values()) {
      for (const life of lives.values()) if (nowMs >= health.silentAtMs(life, this.marginMs)) due.push(life);
    }
    return due;
  }

  /** Whether it is still due as it was: nothing came from it since. */
  stillDue(life: health.Expectation): boolean {
    return this.lives.get(life.agent_id)?.get(life.incarnation)?.sinceMs === life.sinceMs;
  }

  markDeclared({ agent_id, incarnation }: health.Expectation): void {
    this.lives.get(agent_id)?.delete(incarnation);
    this.declared.set(agent_id, (this.declared.get(agent_id) ?? new Set<string>()).add(incarnation));
  }

  /** Agents that are another process's to watch now. */
  drop(isOurs: (agentId: string) => boolean): void {
    for (const agentId of this.lives.keys()) if (!isOurs(agentId)) this.lives.delete(agentId);
    for (const agentId of this.declared.keys()) if (!isOurs(agentId)) this.declared.delete(agentId);
  }

  /** A life that carries nothing is let go once a later life of its agent reports; a declared one once nothing is placed on it. */
  private forget(placed: PlacedLives): void {
    for (const [agentId, lives] of this.lives) {
      const newestMs = Math.max(
        ...[...lives.values()].filter((life) => life.reported).map((life) => life.sinceMs),
      );
      for (const life of lives.values()) {
        const carries = placed.get(agentId)?.has(life.incarnation);
        if (!carries && (!life.reported || life.sinceMs < newestMs)) lives.delete(life.incarnation);
      }
      if (lives.size === 0) this.lives.delete(agentId);
    }
    for (const [agentId, incarnations] of this.declared) {
      for (const each of incarnations) if (!placed.get(agentId)?.has(each)) incarnations.delete(each);
      if (incarnations.size === 0) this.declared.delete(agentId);
    }
  }

  private livesOf(agentId: string): Map<string, Life> {
    const known = this.lives.get(agentId) ?? new Map<string, Life>();
    this.lives.set(agentId, known);
    return known;
  }
}
