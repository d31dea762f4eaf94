import { type HealthReport, TIMING } from '#libs/contracts';
import type { BlastCount, Fleet, FleetAgent } from '../fleet.ts';
import * as health from '../health/index.ts';
import * as judgement from '../judgement/index.ts';
import { setNewest } from '../newest.ts';
import type * as reservation from '../reservation/index.ts';
import type { Aggregate } from './aggregate.ts';
import { BlastCounter } from './blast.ts';
import { PlacementLedger } from './placements.ts';
import { type HeldChange, ReservationBook } from './reservation-book.ts';
import { RestartBook } from './restarts.ts';

/** Drains that are remembered over all partitions; the one that was asked for the longest ago is forgotten. */
const DRAINS_REMEMBERED = 20_000;

interface Reported {
  readonly report: HealthReport;
  readonly reportedMs: number;
  /** Connections of the latest whole report, each with its link group. */
  readonly connections: ReadonlyMap<string, string | undefined>;
  /** Parts of a report whose others are still to come. */
  readonly gathering: { readonly sequence: number; readonly parts: Map<number, HealthReport> };
  readonly regularity: health.Regularity;
  /** Reports missed when its health was last scored. */
  scoredMissed: number;
}

/**
 * The fleet as placement sees it: the latest report of every agent of every region, younger than
 * `fleetAgeMs`, with what this process placed since.
 */
export class FleetView implements Fleet {
  readonly agents = new Map<string, FleetAgent>();
  private readonly reported = new Map<string, Reported>();
  /** Deciders are given each partition's own memory of settings instead. */
  readonly settings = judgement.EMPTY_SETTINGS;
  private readonly ledger = new PlacementLedger();
  private readonly reservations = new ReservationBook();
  private readonly blasts = new BlastCounter();
  private readonly restarts = new RestartBook();
  private readonly draining = new Map<string, string>();
  private lastDraining: Readonly<Record<string, string>> | undefined;

  /**
   * @param improved called when the fleet could take something that it could not take before.
   * @param peers other control regions whose controller can be asked.
   * @param leaving called when a broker says for the first time that it drains.
   */
  constructor(
    private readonly improved: () => void,
    private readonly fleetAgeMs: number = TIMING.fleetAgeMs,
    readonly peers: ReadonlySet<string> = new Set(),
    private readonly leaving: (agentId: string) => void = () => {},
  ) {}

  /** Deciders are given each partition's own memory of silent lives instead. */
  silent(): boolean {
    return false;
  }

  blast(cause: string, serverGroup: string, windowMs: number, nowMs: number): BlastCount {
    return this.blasts.blast(cause, serverGroup, windowMs, nowMs);
  }

  take(report: HealthReport, reportedMs: number, nowMs: number): void {
    const known = this.reported.get(report.agent_id);
    if (known && known.report.incarnation === report.incarnation && report.sequence < known.report.sequence)
      return;
    // While the life that came after it reports, a report of the one before is late.
    if (known && this.restarts.wasReplaced(report.agent_id, report.incarnation)) return;
    const gathered = gather(known, report);
    const sameReport =
      known?.report.incarnation === report.incarnation && known.report.sequence === report.sequence;
    const regularity = sameReport
      ? known.regularity
      : health.heard(
          known?.regularity,
          report.incarnation,
          report.interval_ms ?? TIMING.reportIntervalMs,
          reportedMs,
        );
    this.restarts.heard(report.agent_id, report.incarnation, reportedMs);
    this.reported.set(report.agent_id, { ...gathered, report, reportedMs, regularity, scoredMissed: 0 });
    if (gathered.connections !== known?.connections)
      this.ledger.report(report.agent_id, gathered.connections);
    this.show(report.agent_id, nowMs);
  }

  /** Time passed: agents become suspect, or too old to be seen. Nothing else of them changes by itself. */
  tick(nowMs: number): void {
    this.countHeld(this.reservations.tick(nowMs));
    for (const [agentId, { reportedMs, regularity, scoredMissed }] of this.reported) {
      if (nowMs - reportedMs > this.fleetAgeMs) {
        this.agents.delete(agentId);
        this.reported.delete(agentId);
        this.ledger.gone(agentId);
      } else if (
        health.missedReports(regularity, nowMs) !== scoredMissed ||
        health.isSuspect(regularity, nowMs) !== this.agents.get(agentId)?.suspect
      ) {
        this.show(agentId, nowMs);
      }
    }
  }

  /** Something else is decided for the key; `next` undefined: it is another process's, or nobody's. */
  changed(key: string, previous: Aggregate | undefined, next: Aggregate | undefined, nowMs: number): void {
    this.placementChanged(key, previous, next);
    if (previous?.kind !== 'reservation' && next?.kind !== 'reservation') return;
    this.reservationChanged(key, next?.kind === 'reservation' ? next.state : undefined, nowMs);
  }

  placementChanged(key: string, previous: Aggregate | undefined, next: Aggregate | undefined): void {
    this.blasts.change(previous, next);
    const { left, joined } = this.ledger.change(key, previous, next);
    for (const agentId of left) {
      this.carriesOther(agentId, key, -1);
      if (!this.reported.has(agentId)) this.ledger.gone(agentId);
    }
    for (const agentId of joined) this.carriesOther(agentId, key, 1);
  }

  /** `next` undefined: it is another process's to count, or nobody's. */
  reservationChanged(key: string, next: reservation.ReservationState | undefined, nowMs: number): void {
    this.countHeld(this.reservations.changed(key, next, nowMs));
  }

  private countHeld(changes: readonly HeldChange[]): void {
    for (const { serverId, key, change } of changes) this.carriesOther(serverId, key, change);
  }

  /** One more or less, counted on: an agent's placements are many, and each of them comes by here. */
  private carriesOther(agentId: string, key: string, change: 1 | -1): void {
    const shown = this.agents.get(agentId);
    if (!shown || this.reported.get(agentId)?.connections.has(key)) return;
    this.agents.set(agentId, { ...shown, carried: shown.carried + change });
    if (change < 0 && shown.carried >= shown.capacity) this.improved();
  }

  /** Drains asked for, by agent, from a partition's memory. */
  noteDraining(draining: Readonly<Record<string, string>>): void {
    if (draining === this.lastDraining) return;
    this.lastDraining = draining;
    for (const [agentId, incarnation] of Object.entries(draining)) {
      setNewest(this.draining, agentId, incarnation, DRAINS_REMEMBERED);
      const shown = this.agents.get(agentId);
      if (shown?.incarnation === incarnation) this.agents.set(agentId, { ...shown, draining: true });
    }
  }

  private show(agentId: string, nowMs: number): void {
    const known = this.reported.get(agentId);
    if (!known) return;
    const { report, reportedMs, regularity, gathering } = known;
    const connections = [...gathering.parts.values()].flatMap((part) => part.connections);
    const missed = health.missedReports(regularity, nowMs);
    known.scoredMissed = missed;
    const before = this.agents.get(agentId);
    const goesOn = before?.incarnation === report.incarnation && !before.suspect;
    const next: FleetAgent = {
      agent_id: agentId,
      kind: report.kind,
      incarnation: report.incarnation,
      region: report.control_region,
      location: report.location,
      ...(report.server_group !== undefined && { server_group: report.server_group }),
      address: report.address,
      capacity: report.capacity,
      draining: report.draining || this.draining.get(agentId) === report.incarnation,
      lastReportMs: reportedMs,
      wellSinceMs: goesOn ? (before.wellSinceMs ?? reportedMs) : reportedMs,
      suspect: health.isSuspect(regularity, nowMs),
      healthScore: health.agentScore(connections, missed).score,
      carried: this.carriedBy(agentId),
      linkGroups: this.ledger.linkGroupsOn(agentId),
      recentRestarts: this.restarts.of(agentId),
      ...(report.lease_ms !== undefined && { leaseMs: report.lease_ms }),
    };
    this.agents.set(agentId, next);
    if (offersMore(before, next)) this.improved();
    if (next.kind === 'broker' && next.draining && !isDraining(before, next)) this.leaving(agentId);
  }

  private carriedBy(agentId: string): number {
    const reported = this.reported.get(agentId)?.connections;
    const placed = this.ledger.connectionsOn(agentId);
    let carried = reported?.size ?? 0;
    for (const key of placed) if (!reported?.has(key)) carried += 1;
    for (const key of this.reservations.heldOn(agentId))
      if (!reported?.has(key) && !placed.has(key)) carried += 1;
    return carried;
  }
}

function gather(
  known: Reported | undefined,
  report: HealthReport,
): Pick<Reported, 'connections' | 'gathering'> {
  const sameLife = known?.report.incarnation === report.incarnation;
  const same = sameLife && known.gathering.sequence === report.sequence;
  const parts = same ? known.gathering.parts : new Map<number, HealthReport>();
  parts.set(report.part ?? 1, report);
  const gathering = { sequence: report.sequence, parts };
  if (parts.size < (report.parts ?? 1)) {
    return { gathering, connections: sameLife ? known.connections : new Map() };
  }
  const connections = new Map<string, string | undefined>();
  for (const part of parts.values()) {
    for (const { connection_id, link_group } of part.connections) connections.set(connection_id, link_group);
  }
  return { gathering, connections };
}

const isDraining = (before: FleetAgent | undefined, { incarnation }: FleetAgent): boolean =>
  before?.draining === true && before.incarnation === incarnation;

/** Whether a waiting link could find a place, or its client's next life, that it could not find before. */
function offersMore(before: FleetAgent | undefined, next: FleetAgent): boolean {
  if (!before || before.incarnation !== next.incarnation) return true;
  const open = (agent: FleetAgent) => !agent.draining && !agent.suspect && agent.carried < agent.capacity;
  return (!open(before) && open(next)) || next.healthScore > before.healthScore;
}
