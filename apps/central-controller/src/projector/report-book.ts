import { type ConnectionHealth, type HealthReport, TIMING } from '#libs/contracts';
import { health, setNewest } from '#libs/domain';
import type { AgentLoad, ConnectionBeat } from '#libs/registry';

/** Reports that wait for more of their parts, at most; the one that began the longest ago is never whole. */
const PENDING_REPORTS = 1_000;

/** Parts of one report that have come so far. */
interface Pending {
  readonly incarnation: string;
  readonly sequence: number;
  readonly parts: Map<number, readonly ConnectionHealth[]>;
}

export interface ReportPage {
  readonly agents: readonly AgentLoad[];
  readonly connections: readonly ConnectionBeat[];
}

/**
 * Health reports on their way to Redis: of each agent and each connection only the newest, so that what is
 * written depends on how many there are and not on how often they report. Bounded by the fleet.
 */
export class ReportBook {
  private readonly pending = new Map<string, Pending>();
  private agents = new Map<string, AgentLoad>();
  private connections = new Map<string, ConnectionBeat>();

  take(report: HealthReport, timeMs: number): void {
    const last_heartbeat = new Date(timeMs).toISOString();
    if (report.kind !== 'server-sidecar') this.takeConnections(report, last_heartbeat);
    const carried = this.wholeReport(report);
    if (carried) this.takeAgent(report, carried, last_heartbeat);
  }

  /** All since the last call; `connections: false` leaves the connections for another time. */
  tear(what: { connections: boolean }): ReportPage {
    const page = {
      agents: [...this.agents.values()],
      connections: what.connections ? [...this.connections.values()] : [],
    };
    this.agents = new Map();
    if (what.connections) this.connections = new Map();
    return page;
  }

  /** A page that could not be written: what came meanwhile is newer. */
  putBack(page: ReportPage): void {
    for (const agent of page.agents) keepNewer(this.agents, agent.agent_id, agent);
    for (const beat of page.connections) keepNewer(this.connections, beat.connection_id, beat);
  }

  /**
   * A link's health is what its client sees: there the application's requests go in and answers come out. A session's is
   * what its broker sees.
   */
  private takeConnections(report: HealthReport, last_heartbeat: string): void {
    for (const connection of report.connections) {
      const { connection_id } = connection;
      const health_score = health.connectionScore(connection).score;
      keepNewer(this.connections, connection_id, { connection_id, last_heartbeat, health_score });
    }
  }

  private takeAgent(
    report: HealthReport,
    carried: readonly ConnectionHealth[],
    last_heartbeat: string,
  ): void {
    keepNewer(this.agents, report.agent_id, {
      agent_id: report.agent_id,
      last_heartbeat,
      incarnation: report.incarnation,
      kind: report.kind,
      control_region: report.control_region,
      location: report.location,
      ...(report.server_group !== undefined && { server_group: report.server_group }),
      address: report.address,
      capacity: report.capacity,
      connections: carried.length,
      draining: report.draining,
      software_version: report.software_version,
      interval_ms: report.interval_ms ?? TIMING.reportIntervalMs,
      ...(report.lease_ms !== undefined && { lease_ms: report.lease_ms }),
      health_score: health.agentScore(carried).score,
    });
  }

  /** The connections of all parts, once the last part has come. */
  private wholeReport(report: HealthReport): readonly ConnectionHealth[] | undefined {
    const { agent_id, incarnation, sequence, part = 1, parts = 1 } = report;
    if (parts === 1) return report.connections;
    let pending = this.pending.get(agent_id);
    if (pending?.incarnation !== incarnation || pending.sequence !== sequence) {
      pending = { incarnation, sequence, parts: new Map() };
      setNewest(this.pending, agent_id, pending, PENDING_REPORTS);
    }
    pending.parts.set(part, report.connections);
    if (pending.parts.size < parts) return undefined;
    this.pending.delete(agent_id);
    return [...pending.parts.values()].flat();
  }
}

function keepNewer<T extends { readonly last_heartbeat: string }>(
  map: Map<string, T>,
  id: string,
  next: T,
): void {
  const known = map.get(id);
  if (known === undefined || known.last_heartbeat <= next.last_heartbeat) map.set(id, next);
}
