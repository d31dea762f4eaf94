import {
  baseOfTopic,
  type Evidence,
  type FailoverLedger,
  type LinkDecision,
  type SessionDecision,
  TOPIC,
} from '#libs/contracts';
import { iso } from '../ids.ts';
import type { AuditRecord, LogPlace, Witness } from './types.ts';

/** The times of a move that a ledger tells. */
export const LEDGER_TIMES = ['detected_at', 'decided_at', 'commanded_at', 'active_at'] as const;
export type LedgerTime = (typeof LEDGER_TIMES)[number];
type Times = Partial<Record<LedgerTime, string>>;

/** A move as the log tells it: its times are those of the facts, decisions and commands themselves. */
export interface RecomputedMove {
  readonly failover_id: string;
  readonly connection_id: string;
  readonly reason: string;
  readonly from?: string;
  readonly to?: string;
  readonly times: Times;
  /** The newest decision that is about it. */
  readonly by: Witness & { readonly place: LogPlace };
}

/** A ledger, as a decision or a registry tells it. */
export type ToldLedger = Pick<FailoverLedger, 'failover_id' | 'from' | 'to'> & Times;

/** A ledger that says otherwise than the log. */
export interface LedgerDifference {
  readonly failover_id: string;
  readonly what: LedgerTime | 'from' | 'to' | 'ledger';
  /** Who says so: the newest decision itself, or the registry. */
  readonly teller: 'decision' | 'registry';
  /** Absent: it does not say it. */
  readonly told?: string;
  /** Absent: the log does not have it. */
  readonly recomputed?: string;
  readonly by?: Witness;
}

interface Move {
  readonly connection_id: string;
  told: FailoverLedger;
  times: Times;
  to: string | undefined;
  by: RecomputedMove['by'];
  /** When the command to open its path was written, as often as it was. */
  readonly commanded: Set<string>;
}

interface KnownFact {
  readonly id: string;
  readonly time: string;
  readonly commanded_at?: string;
}

/** Recomputes the ledger of every move from the records of the log. Facts come before the decisions that cite them. */
export class LedgerBook {
  private readonly facts = new Map<string, KnownFact>();
  private readonly commands = new Map<string, Set<string>>();
  private readonly moves = new Map<string, Move>();

  take(record: AuditRecord): void {
    switch (baseOfTopic(record.place.topic)) {
      case TOPIC.connectionStatus: {
        const { commanded_at } = record.data as { commanded_at?: string };
        const fact = { id: record.id, time: iso(record.timeMs) };
        this.facts.set(placeOf(record.place), commanded_at === undefined ? fact : { ...fact, commanded_at });
        return;
      }
      case TOPIC.failoverCommands: {
        const { command_id } = record.data as { command_id: string };
        const times = this.commands.get(command_id) ?? new Set();
        this.commands.set(command_id, times.add(iso(record.timeMs)));
        return;
      }
      case TOPIC.controllerEvents:
        if (record.void === undefined) this.decided(record, record.data as LinkDecision | SessionDecision);
        return;
      default:
        return;
    }
  }

  /** Every move, as the log tells it, the oldest first. */
  moved(): RecomputedMove[] {
    const all = [...this.moves].map(([failover_id, { connection_id, told, times, to, by }]) => ({
      failover_id,
      connection_id,
      reason: told.reason,
      ...(told.from === undefined ? {} : { from: told.from }),
      ...(to === undefined ? {} : { to }),
      times,
      by,
    }));
    return all.sort((one, other) => timeOf(one).localeCompare(timeOf(other)));
  }

  /** Ledgers of the decisions themselves that say otherwise than what they rest on. */
  differences(): LedgerDifference[] {
    return this.moved().flatMap((move) => {
      const { told, commanded } = this.moves.get(move.failover_id) as Move;
      const differ = differing(move, told, 'decision');
      const { commanded_at } = told;
      const isCommanded = commanded_at === undefined || commanded.size === 0 || commanded.has(commanded_at);
      if (isCommanded) return differ;
      const written = [...commanded].join(', ');
      return [...differ, about(move, 'commanded_at', 'decision', commanded_at, written)];
    });
  }

  private decided(record: AuditRecord, data: LinkDecision | SessionDecision): void {
    const { failover, connection_id } = data;
    if (failover === undefined) return;
    const by = { place: record.place as LogPlace, name: record.name, timeMs: record.timeMs };
    const known = this.moves.get(failover.failover_id);
    // The same epoch may be set out for again, when nothing came of it the first time.
    const goesOn = known !== undefined && known.told.detected_at === failover.detected_at;
    const move: Move = goesOn
      ? known
      : {
          connection_id,
          told: failover,
          times: { detected_at: this.detected(data) },
          to: undefined,
          by,
          commanded: new Set(),
        };
    this.moves.set(failover.failover_id, move);
    move.told = failover;
    move.by = by;
    this.chosen(move, record.name, data);
    this.stands(move, record.name, data);
  }

  /** When whoever saw it first saw it: the fact's own time, and the decision's where none was told. */
  private detected({ evidence: [first], decided_at, kind }: LinkDecision | SessionDecision): string {
    if (first?.event_id === undefined) return decided_at;
    const time = this.factOf(first)?.time ?? first.time ?? decided_at;
    // A broker's clock that is ahead says no later than now.
    return kind === 'session' && time > decided_at ? decided_at : time;
  }

  private chosen(move: Move, name: string, data: LinkDecision | SessionDecision): void {
    const { decided_at, placement } = data;
    if (data.kind === 'link' && name === 'failover-decided') {
      move.to = data.placement?.server_id;
      move.times = { detected_at: move.times.detected_at ?? decided_at, decided_at };
      move.commanded.clear();
      for (const { name: command, command_id } of data.commands) {
        if (command !== 'connect' && command !== 'activate-dr-client') continue;
        for (const time of this.commands.get(command_id) ?? []) move.commanded.add(time);
      }
    }
    if (data.kind === 'session' && name === 'target-accepted' && data.reason === 'target-attached') {
      move.to = (placement as SessionDecision['placement'])?.broker_id;
      move.times = {
        detected_at: move.times.detected_at ?? decided_at,
        decided_at,
        commanded_at: decided_at,
      };
    }
  }

  /** The path stands: whoever said so tells when, and when it was told to. */
  private stands(move: Move, name: string, { evidence: [first] }: LinkDecision | SessionDecision): void {
    const isLink = name === 'failover-completed' && first?.type === 'new-connection-established';
    const isSession = name === 'session-resumed' && first?.type === 'relay-opened';
    if (first === undefined || !(isLink || isSession)) return;
    const fact = this.factOf(first);
    const active_at = fact?.time ?? first.time;
    // A fact that is no longer kept can't contradict.
    const commanded_at = isLink
      ? fact === undefined
        ? move.told.commanded_at
        : fact.commanded_at
      : undefined;
    move.times = {
      ...move.times,
      ...(commanded_at === undefined ? {} : { commanded_at }),
      ...(active_at === undefined ? {} : { active_at }),
    };
  }

  private factOf({ topic = '', partition = 0, offset = -1, event_id }: Evidence): KnownFact | undefined {
    const fact = this.facts.get(placeOf({ topic, partition, offset }));
    return fact?.id === event_id ? fact : undefined;
  }
}

/** What a ledger says otherwise than the log. */
export function differing(
  move: RecomputedMove,
  told: ToldLedger,
  teller: LedgerDifference['teller'],
): LedgerDifference[] {
  const times = LEDGER_TIMES.flatMap((what) => {
    const [said, is] = [told[what], move.times[what]];
    return said === is ? [] : [about(move, what, teller, said, is)];
  });
  const ends = (['from', 'to'] as const).flatMap((what) =>
    told[what] === move[what] ? [] : [about(move, what, teller, told[what], move[what])],
  );
  return [...times, ...ends];
}

/**
 * Holds a registry's ledgers against the log's. What the log tells of later than the registry was read is not compared; what
 * is older than the ledgers that the registry still has of its connection, it let go.
 * @param readMs when the registry began to be read, in milliseconds since 1970.
 */
export function compareLedgers(
  moves: readonly RecomputedMove[],
  told: readonly ToldLedger[],
  readMs: number,
): LedgerDifference[] {
  const byId = new Map(told.map((each) => [each.failover_id, each]));
  const known = new Map(moves.map((each) => [each.failover_id, each]));
  const oldest = new Map<string, number>();
  for (const { failover_id } of told) {
    const [connection, epoch] = parts(failover_id);
    oldest.set(connection, Math.min(oldest.get(connection) ?? Number.POSITIVE_INFINITY, epoch));
  }
  const differences = moves.flatMap((move): LedgerDifference[] => {
    if (move.by.timeMs >= readMs) return [];
    const ledger = byId.get(move.failover_id);
    if (ledger !== undefined) return differing(move, ledger, 'registry');
    const [connection, epoch] = parts(move.failover_id);
    const letGo = epoch < (oldest.get(connection) ?? 0);
    return letGo ? [] : [{ ...about(move, 'ledger', 'registry', undefined, 'a move') }];
  });
  const invented = told.flatMap(({ failover_id }): LedgerDifference[] =>
    known.has(failover_id) ? [] : [{ failover_id, what: 'ledger', teller: 'registry', told: 'a move' }],
  );
  return [...differences, ...invented];
}

function about(
  { failover_id, by }: RecomputedMove,
  what: LedgerDifference['what'],
  teller: LedgerDifference['teller'],
  told: string | undefined,
  recomputed: string | undefined,
): LedgerDifference {
  return {
    failover_id,
    what,
    teller,
    ...(told === undefined ? {} : { told }),
    ...(recomputed === undefined ? {} : { recomputed }),
    by,
  };
}

function parts(failoverId: string): [connection: string, epoch: number] {
  const at = failoverId.lastIndexOf('~');
  return [failoverId.slice(0, at), Number(failoverId.slice(at + 1))];
}

const timeOf = ({ times, failover_id }: RecomputedMove): string =>
  `${times.detected_at ?? ''} ${failover_id}`;
const placeOf = ({ topic, partition, offset }: LogPlace): string => `${topic}/${partition}@${offset}`;
