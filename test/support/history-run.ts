import type { LinkDecision } from '#libs/contracts';
import type { ConnectionView, DecisionRecord, RegistryReader, RegistryWriter } from '#libs/registry';
import { Random } from '../simulation/random.ts';
import { decision, NOW_MS } from './registry-records.ts';

/** Decided at, in milliseconds after NOW_MS. */
export function decidedAt(
  id: string,
  version: number,
  ms: number,
  data: Partial<LinkDecision> = {},
): DecisionRecord {
  const decided_at = new Date(NOW_MS + ms).toISOString();
  return { ...decision(id, version, { decided_at, ...data }), timeMs: NOW_MS + ms + 1 };
}

/** The first has most of the decisions, so that several blocks of it are sealed. */
export const RUN_IDS = ['busy:a', 'c1:a', 'c2:a', 'c3:a', 'late:a'];
const STATES = [
  { status: 'requested', phase: 'requested' },
  { status: 'active', phase: 'active' },
  { status: 'active', phase: 'degraded' },
  { status: 'migrating', phase: 'activating' },
  { status: 'failed', phase: 'waiting-for-capacity' },
] as const;

/** A run of decisions whose times never go back and often stand still. */
export function randomRun(seed: number, length: number): DecisionRecord[] {
  const random = new Random(seed);
  const versions = new Map<string, number>();
  let ms = 0;
  return Array.from({ length }, (_none, n) => {
    if (random.chance(0.5)) ms += random.chance(0.05) ? random.between(1, 60_000) : random.between(1, 9);
    const known = n < length / 2 ? RUN_IDS.slice(0, -1) : RUN_IDS;
    const id = random.chance(0.7) ? (RUN_IDS[0] as string) : random.pick(known);
    const version = (versions.get(id) ?? 0) + 1;
    versions.set(id, version);
    const made = decidedAt(id, version, ms, {
      ...random.pick(STATES),
      epoch: 1 + Math.floor(version / 3),
      server_id: `server-${random.between(1, 4)}`,
      ...(random.chance(0.3) && { failover_target: `server-${random.between(1, 4)}` }),
    });
    if (random.chance(0.2)) delete (made.data as Partial<LinkDecision>).server_id;
    return { ...made, dataJson: JSON.stringify(made.data) };
  });
}

/** What the registry held, right after each decision of a run was applied. */
export class Frozen {
  private readonly moments: { atMs: number; id: string; row: ConnectionView }[] = [];

  constructor(private readonly random: Random) {}

  /** Applies the run one by one, and looks after each. */
  async watch(writer: RegistryWriter, reader: RegistryReader, run: readonly DecisionRecord[]): Promise<void> {
    for (const each of run) {
      await writer.applyDecisions([each]);
      await this.look(reader, each);
    }
  }

  async look(reader: RegistryReader, { key, data }: DecisionRecord): Promise<void> {
    const row = await reader.connection(key);
    if (!row) throw new Error(`${key} has no row`);
    this.moments.push({ atMs: Date.parse(data.decided_at), id: key, row });
  }

  /** The rows that stood then, by id. */
  at(atMs: number): Map<string, ConnectionView> {
    const rows = this.moments.filter((each) => each.atMs <= atMs).map(({ id, row }) => [id, row] as const);
    return new Map([...new Map(rows)].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** A moment of the run: just when something was decided, next to it, or anywhere. */
  moment(): number {
    const at = this.random.pick(this.moments).atMs;
    const [first = at, last = at] = [this.moments.at(0)?.atMs, this.moments.at(-1)?.atMs];
    return this.random.pick([at, at - 1, at + 1, this.random.between(first - 10, last + 10)]);
  }
}

/** All pages of the list as of then. */
export async function listedAt(
  reader: RegistryReader,
  atMs: number,
  filter: Parameters<RegistryReader['connectionsAt']>[0] = {},
  limit = 500,
): Promise<ConnectionView[]> {
  const items: ConnectionView[] = [];
  let cursor: string | undefined;
  do {
    const page = await reader.connectionsAt(filter, { limit, ...(cursor && { cursor }) }, atMs);
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor);
  return items;
}

/** Every decision of a connection that is kept. */
export async function wholeHistory(reader: RegistryReader, id: string) {
  const all: Awaited<ReturnType<RegistryReader['historyOf']>> = [];
  for (let fromVersion = 1; ; fromVersion += 500) {
    const some = (await reader.historyOf(id, { fromVersion, limit: 500 })) ?? [];
    if (some.length === 0) return all;
    all.push(...some);
  }
}
