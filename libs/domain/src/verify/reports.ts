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
  /** The latest report that says so. */
  latest: Witness;
}

/** What health reports say is carried: the latest of each placement's ends. */
export class ReportBook {
  count = 0;
  latestMs = 0;
  private readonly carried = new Map<string, Carried>();

  add({ place, name, timeMs, data }: AuditRecord): void {
    const { agent_id, control_region, connections } = data as HealthReport;
    const witness: Witness = { place, name, timeMs };
    this.count += 1;
    this.latestMs = Math.max(this.latestMs, timeMs);
    for (const { connection_id, home_region, epoch, status } of connections) {
      if (status === 'idle') continue;
      const home = home_region ?? control_region;
      const key = keyOf(home, connection_id, epoch, agent_id);
      const known = this.carried.get(key);
      if (known === undefined) {
        this.carried.set(key, {
          home,
          connectionId: connection_id,
          epoch,
          agentId: agent_id,
          latest: witness,
        });
      } else if (known.latest.timeMs < timeMs) known.latest = witness;
    }
  }

  /** A report by this agent that it carries the epoch, later than this time of its own clock. */
  activeAfter(history: LinkHistory, epoch: number, agentId: string, timeMs: number): Witness | undefined {
    const known = this.carried.get(keyOf(history.home, history.connectionId, epoch, agentId));
    return known !== undefined && known.latest.timeMs > timeMs ? known.latest : undefined;
  }

  checkKnown(decisions: DecisionBook, findings: Findings): void {
    for (const { home, connectionId, epoch, agentId, latest } of this.carried.values()) {
      const history = decisions.link(home, connectionId);
      const given = history?.given.get(epoch);
      if (history !== undefined && given === undefined && maybeGiven(history, epoch)) continue;
      const { client_id, server_id } = given?.placement ?? {};
      if (agentId === client_id || agentId === server_id) continue;
      const detail = `${agentId} reports that it carries epoch ${epoch}, which no decision gave it`;
      findings.add('unknown-placement', connectionId, detail, latest, given?.by ?? history?.last);
    }
  }
}

const keyOf = (home: string, connectionId: string, epoch: number, agentId: string): string =>
  `${home} ${connectionId} ${epoch} ${agentId}`;
