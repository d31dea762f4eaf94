import { verify } from '#libs/domain';
import { Api } from '../operator/api.ts';

/** Ledgers asked for at most: as many as a registry lists. */
const LISTED = 100_000;

/** What the log tells of every move, and who tells otherwise. */
export interface LedgerReport {
  readonly moves: readonly verify.RecomputedMove[];
  readonly differences: readonly verify.LedgerDifference[];
  /** The controller whose ledgers were compared; absent: none was asked. */
  readonly url?: string;
}

/** Gathers the moves of the passes of an audit. */
export class Ledgers {
  private readonly moves: verify.RecomputedMove[] = [];
  private readonly differences: verify.LedgerDifference[] = [];

  add(book: verify.LedgerBook): void {
    this.moves.push(...book.moved());
    this.differences.push(...book.differences());
  }

  report(told?: ToldBy): LedgerReport {
    const { moves, differences } = this;
    if (told === undefined) return { moves, differences };
    const compared = verify.compareLedgers(moves, told.ledgers, told.readMs);
    return { moves, differences: [...differences, ...compared], url: told.url };
  }
}

/** The ledgers of a registry, and when it began to be read. */
export interface ToldBy {
  readonly url: string;
  readonly readMs: number;
  readonly ledgers: readonly verify.ToldLedger[];
}

/**
 * Every ledger that a controller tells. Read before the log is, so that the log has all that the controller knew.
 * @throws CliError
 */
export async function ledgersOf(url: string, token: string | undefined, skewMs: number): Promise<ToldBy> {
  const api = new Api({ url, token, agent: 'trunkline-verify' });
  const readMs = Date.now() - skewMs;
  return { url, readMs, ledgers: await api.list<verify.ToldLedger>('/failovers', {}, LISTED) };
}

/** For people: each move with its times, then what differs. */
export function ledgerText({ moves, differences, url }: LedgerReport): string {
  const compared = url === undefined ? '' : `, compared with ${url}`;
  const head = `Recomputed the ledgers of ${moves.length.toLocaleString('en')} moves${compared}.`;
  const found =
    differences.length === 0 ? 'All times are those of the log.' : `${differences.length} differences:`;
  return `${[head, ...moves.map(moveLine), found, ...differences.map(differenceText)].join('\n')}\n`;
}

function moveLine({ failover_id, reason, from = '-', to = '-', times }: verify.RecomputedMove): string {
  const began = Date.parse(times.detected_at ?? '');
  const after = (time: string | undefined) => (time === undefined ? '—' : `+${Date.parse(time) - began} ms`);
  const steps = `decided ${after(times.decided_at)}  commanded ${after(times.commanded_at)}  active ${after(times.active_at)}`;
  return `  ${failover_id}  ${from} → ${to}  ${reason}  detected ${times.detected_at ?? '—'}  ${steps}`;
}

function differenceText({
  failover_id,
  what,
  teller,
  told,
  recomputed,
  by,
}: verify.LedgerDifference): string {
  const place = by === undefined ? '' : `\n    ${verify.textOf(by.place)}  ${by.name}`;
  return `\n${failover_id}  ${what}\n  the ${teller} says ${told ?? 'nothing'}, the log ${recomputed ?? 'nothing'}${place}`;
}

/** For programs: beside what the audit tells. */
export function ledgerJson({ moves, differences, url }: LedgerReport): object {
  return {
    ok: differences.length === 0,
    ...(url === undefined ? {} : { url }),
    moves: moves.map(({ times, by, ...move }) => ({ ...move, ...times, ...by.place })),
    differences: differences.map(({ by, ...difference }) => ({ ...difference, ...by?.place })),
  };
}
