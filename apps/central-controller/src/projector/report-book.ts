import { type ConnectionHealth, type HealthReport, TIMING } from '#libs/contracts';
import { health, setNewest } from '#libs/domain';
import {
  type AgentLoad,
  type ConnectionBeat,
  type HealthPoint,
  isNewPoint,
  REGISTRY_LIMITS,
} from '#libs/registry';

/** Reports that wait for more of their parts, at most; the one that began the longest ago is never whole. */
const PENDING_REPORTS = 1_000;
/**
 * Points of connections' health that wait to be written, at most, beside one of each connection; some 20 MB. Only a rebuild of
 * a large registry holds that many: then a connection's next point takes the place of its last.
 */
const POINTS_HELD = 200_000;

/**
 * Connections of which the latest point is remembered, the latest ones: what says nothing new is not even sent to Redis, which
 * looks at what is sent anyhow. Some 30 MB.
 */
const POINTS_REMEMBERED = 200_000;

/** A connection's newest report, and what its health was meanwhile. */
interface Waiting extends ConnectionBeat {
  readonly points: HealthPoint[];
}

/** Parts of one report that have come so far. */
interface Pending {
  readonly incarnation: string;
  readonly sequence: number;
  readonly parts: Map<number, readonly ConnectionHealth[]>;
}

export interface ReportPage {
  readonly agents: readonly AgentLoad[];
  readonly connections: readonly Waiting[];
}

/**
 * Health reports on their way to Redis: of each agent and each connection only the newest, so that what is
 * written depends on how many there are and not on how often they report, and of a connection's health where it changed.
 * Bounded by the fleet, and by POINTS_HELD.
 */
export class ReportBook {
  private readonly pending = new Map<string, Pending>();
  private agents = new Map<string, AgentLoad>();
  private connections = new Map<string, Waiting>();
  private pointsHeld = 0;
  private readonly latest = new Map<string, HealthPoint>();

  take(report: HealthReport, timeMs: number): void {
    const last_heartbeat = new Date(timeMs).toISOString();
    if (report.kind !== 'server-sidecar') this.takeConnections(report, last_heartbeat, timeMs);
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
    if (what.connections) {
      this.connections = new Map();
      this.pointsHeld = 0;
    }
    return page;
  }

  /** A page that could not be written: what came meanwhile is newer. */
  putBack(page: ReportPage): void {
    for (const agent of page.agents) keepNewer(this.agents, agent.agent_id, agent);
    for (const before of page.connections) {
      const newer = this.connections.get(before.connection_id);
      const { points } = before;
      this.pointsHeld += points.length - (newer?.points.length ?? 0);
      for (const point of newer?.points ?? []) this.hold(points, point);
      keepNewer(this.connections, before.connection_id, before);
      const newest = this.connections.get(before.connection_id) as Waiting;
      this.connections.set(before.connection_id, { ...newest, points });
    }
  }

  /** Connections that had no row yet, so that nothing of them was taken. */
  forget(ids: readonly string[]): void {
    for (const id of ids) this.latest.delete(id);
  }

  /**
   * A link's health is what its client sees: there the application's requests go in and answers come out. A session's is
   * what its broker sees.
   */
  private takeConnections(report: HealthReport, last_heartbeat: string, atMs: number): void {
    for (const connection of report.connections) {
      const { connection_id, rtt_ms } = connection;
      const health_score = health.connectionScore(connection).score;
      const point = { atMs, health_score, ...(rtt_ms !== undefined && { round_trip_ms: rtt_ms }) };
      const points = this.connections.get(connection_id)?.points ?? [];
      this.keepPoint(connection_id, points, point);
      keepNewer(this.connections, connection_id, { connection_id, last_heartbeat, health_score, points });
    }
  }

  private keepPoint(id: string, points: HealthPoint[], point: HealthPoint): void {
    const latest = this.latest.get(id);
    if (latest && !isNewPoint(latest, point)) return;
    setNewest(this.latest, id, point, POINTS_REMEMBERED);
    this.hold(points, point);
  }

  private hold(points: HealthPoint[], point: HealthPoint): void {
    if (points.length > 0 && this.pointsHeld >= POINTS_HELD) points.pop();
    else this.pointsHeld += 1;
    points.push(point);
    if (points.length <= REGISTRY_LIMITS.healthPoints) return;
    points.shift();
    this.pointsHeld -= 1;
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
