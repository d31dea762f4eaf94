import type { HealthReport } from '#libs/contracts';
import type { DecisionBook } from './decisions.ts';
import type { Findings } from './findings.ts';
import { type LinkHistory, maybeGiven } from './history.ts';
import type { AuditRecord, Witness } from './types.ts';

interface Carried {
  readonly home: string;
  readonly connectionId: string;
  readonly epoch: number;
  readonly agentId: string;
  /** The life that says so. */
  readonly incarnation: string;
  /** The latest report that says so. */
  latest: Witness;
}

/** What health reports say is carried: the latest of each placement's ends, by every life that said so. */
export class ReportBook {
  count = 0;
  latestMs = 0;
  private readonly carried = new Map<string, Carried[]>();

  add({ place, name, timeMs, data }: AuditRecord): void {
    const { agent_id, incarnation, control_region, connections } = data as HealthReport;
    const latest: Witness = { place, name, timeMs };
    this.count += 1;
    this.latestMs = Math.max(this.latestMs, timeMs);
    for (const { connection_id, home_region, epoch, status } of connections) {
      if (status === 'idle') continue;
      const home = home_region ?? control_region;
      const key = keyOf(home, connection_id, epoch, agent_id);
      const lives = this.carried.get(key) ?? [];
      if (lives.length === 0) this.carried.set(key, lives);
      const known = lives.find((life) => life.incarnation === incarnation);
      if (known === undefined) {
        lives.push({ home, connectionId: connection_id, epoch, agentId: agent_id, incarnation, latest });
      } else if (known.latest.timeMs < timeMs) known.latest = latest;
    }
  }

  /** A report by this agent that it carries the epoch, later than this time of its own clock. */
  activeAfter(history: LinkHistory, epoch: number, agentId: string, timeMs: number): Witness | undefined {
    const lives = this.carried.get(keyOf(history.home, history.connectionId, epoch, agentId)) ?? [];
    return lives.find(({ latest }) => latest.timeMs > timeMs)?.latest;
  }

  checkKnown(decisions: DecisionBook, findings: Findings): void {
    for (const { home, connectionId, epoch, agentId, incarnation, latest } of [
      ...this.carried.values(),
    ].flat()) {
      // A broker that was cut off goes on with what it had: what it may carry is checked by its own words.
      if (decisions.sessions.history(home, connectionId) !== undefined) continue;
      const history = decisions.link(home, connectionId);
      const given = history?.given.get(epoch);
      if (history !== undefined && given === undefined && maybeGiven(history, epoch)) continue;
      const { client_id, client_incarnation, server_id, server_incarnation } = given?.placement ?? {};
      if (agentId === client_id && incarnation === client_incarnation) continue;
      if (agentId === server_id && incarnation === server_incarnation) continue;
      const detail = `${agentId} (incarnation ${incarnation}) reports that it carries epoch ${epoch}, which no decision gave it`;
      findings.add('unknown-placement', connectionId, detail, latest, given?.by ?? history?.last);
    }
  }
}

const keyOf = (home: string, connectionId: string, epoch: number, agentId: string): string =>
  `${home} ${connectionId} ${epoch} ${agentId}`;
