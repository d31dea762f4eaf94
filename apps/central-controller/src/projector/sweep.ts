import { AGENT_DECISIONS, REGION_DECISIONS } from '#libs/contracts';
import { EARLIEST, type FollowedDecision, followLog, type Log, type LogPosition } from '#libs/log';
import { type AggregateKind, HistoryFold, type RegistryWriter, ROW_MEMBERS } from '#libs/registry';
import { membersReader } from '../core/read-members.ts';
import type { DecisionStream } from './decision-stream.ts';
import type { ProjectorObserver } from './observer.ts';
import { isProjected } from './projected.ts';

export interface SweepDeps {
  readonly log: Log;
  readonly registry: RegistryWriter;
  readonly observer: ProjectorObserver;
}

/** The versions of one partition's keys, and what the histories of its connections must be, folded from the log alone. */
interface Fold {
  position: LogPosition;
  readonly versions: Record<AggregateKind, Map<string, number>>;
  readonly histories: Map<string, HistoryFold>;
}

/** Rows asked for in one go. */
const ROWS = 500;
const KINDS: readonly AggregateKind[] = ['connection', 'agent', 'region'];

/**
 * Compares the registry with a fold of the log that shares nothing with the projection but its source. The fold
 * is kept, so that a later sweep reads only what came since. Rows that lack versions are built again; rows that
 * have versions the log never held, or keys it does not know, are removed first, and so is a connection whose history
 * is not the log's.
 */
export class Sweep {
  private readonly folds = new Map<string, Fold>();

  constructor(
    private readonly deps: SweepDeps,
    private readonly partitions: number,
  ) {}

  async run(streams: readonly DecisionStream[]): Promise<void> {
    const partitions = wholePartitions(streams);
    if (partitions.length === 0) return;
    // What Redis holds now can't be ahead of a log that is read afterwards.
    const before = await this.rows(partitions);
    for (const stream of streams) await this.fold(stream.topic, partitions);
    // A partition that left meanwhile is another process's to mend.
    const still = new Set(wholePartitions(streams));
    let wrong = await this.removeForeign(streams, before, still);
    for (const stream of streams) wrong += await this.rebuildLacking(stream);
    const rows = KINDS.reduce((sum, kind) => sum + before[kind].size, 0);
    this.deps.observer.swept(rows, wrong);
  }

  /** Versions of the rows of these partitions. */
  private async rows(partitions: readonly number[]): Promise<Record<AggregateKind, Map<string, number>>> {
    const { registry, log } = this.deps;
    const wanted = new Set(partitions);
    const found = newVersions();
    for (const kind of KINDS) {
      for await (const ids of registry.audit.ids(kind)) {
        const ours = ids.filter((id) => wanted.has(log.partitionOf(id, this.partitions)));
        const versions = await registry.audit.versions(kind, ours);
        for (const [i, id] of ours.entries()) found[kind].set(id, versions[i] ?? 0);
      }
    }
    return found;
  }

  private async fold(topic: string, partitions: readonly number[]): Promise<void> {
    const foldOf = (partition: number) => this.foldOf(topic, partition);
    let failure: Error | undefined;
    const follower = await followLog(this.deps.log, {
      topic,
      partitions,
      from: (partition) => foldOf(partition).position,
      read: readRow,
      onDecisions: async (batch) => {
        const fold = foldOf(batch.partition);
        for (const decision of batch.decisions.filter(isProjected)) take(fold, decision);
        fold.position = batch.position;
      },
      onStopped: (error) => {
        failure = error;
      },
    });
    try {
      await follower.caughtUp();
    } finally {
      await follower.stop();
    }
    if (failure) throw failure;
  }

  private foldOf(topic: string, partition: number): Fold {
    const name = `${topic}/${partition}`;
    const known = this.folds.get(name);
    if (known) return known;
    const fold: Fold = { position: EARLIEST, versions: newVersions(), histories: new Map() };
    this.folds.set(name, fold);
    return fold;
  }

  private async removeForeign(
    streams: readonly DecisionStream[],
    before: Record<AggregateKind, ReadonlyMap<string, number>>,
    among: ReadonlySet<number>,
  ): Promise<number> {
    const { log, registry } = this.deps;
    let removed = 0;
    for (const kind of KINDS) {
      const foreign = [...before[kind]].filter(
        ([id, version]) =>
          version > this.known(streams, kind, id) && among.has(log.partitionOf(id, this.partitions)),
      );
      const ids = foreign.map(([id]) => id);
      await registry.audit.forget(kind, ids);
      const partitions = new Set(ids.map((id) => log.partitionOf(id, this.partitions)));
      for (const stream of streams) {
        for (const partition of partitions) await stream.rebuild(partition, 'sweep');
      }
      removed += ids.length;
    }
    return removed;
  }

  /** The newest version that any topic has of a key. */
  private known(streams: readonly DecisionStream[], kind: AggregateKind, id: string): number {
    const partition = this.deps.log.partitionOf(id, this.partitions);
    const versions = streams.map(({ topic }) =>
      this.folds.get(`${topic}/${partition}`)?.versions[kind].get(id),
    );
    return Math.max(0, ...versions.map((version) => version ?? 0));
  }

  /** Only partitions that are as far as the fold: the others' rows may lack what is on its way. */
  private async rebuildLacking(stream: DecisionStream): Promise<number> {
    let lacking = 0;
    for (const { partition, offset, whole } of stream.positions()) {
      const fold = this.folds.get(`${stream.topic}/${partition}`);
      if (!whole || !fold || offset < fold.position.offset) continue;
      const found = await this.lackingIn(fold);
      const otherwise = await this.otherwiseIn(fold);
      const { audit } = this.deps.registry;
      if (otherwise.length > 0)
        await stream.rebuild(partition, 'sweep', () => audit.forget('connection', otherwise));
      else if (found > 0) await stream.rebuild(partition, 'sweep');
      lacking += found + otherwise.length;
    }
    return lacking;
  }

  private async lackingIn(fold: Fold): Promise<number> {
    const { audit } = this.deps.registry;
    let lacking = 0;
    for (const kind of KINDS) {
      const all = [...fold.versions[kind]];
      for (let at = 0; at < all.length; at += ROWS) {
        const some = all.slice(at, at + ROWS);
        const ids = some.map(([id]) => id);
        const rows = await audit.versions(kind, ids);
        const listed = await audit.listedVersions(kind, ids);
        lacking += some.filter(([, version], i) => Math.min(rows[i] ?? 0, listed[i] ?? 0) < version).length;
      }
    }
    return lacking;
  }

  /** Connections whose rows are as new as the log and whose histories are not what it says. */
  private async otherwiseIn({ histories }: Fold): Promise<string[]> {
    const { audit } = this.deps.registry;
    const all = [...histories];
    const found: string[] = [];
    for (let at = 0; at < all.length; at += ROWS) {
      const some = all.slice(at, at + ROWS);
      const looks = await audit.histories(some.map(([id]) => id));
      for (const [i, [id, fold]] of some.entries()) {
        const look = looks[i];
        if (look && look.version >= fold.version && !fold.agrees(look)) found.push(id);
      }
    }
    return found;
  }
}

function take(fold: Fold, decision: FollowedDecision): void {
  const { key, id, name, version, timeMs } = decision;
  const kind = kindOf(name);
  fold.versions[kind].set(key, version);
  if (kind !== 'connection') return;
  const history = fold.histories.get(key) ?? new HistoryFold();
  fold.histories.set(key, history);
  history.take({ event_id: id, name, version, timeMs, data: decision.data as Record<string, unknown> });
}

/** Partitions that this process has, and that are whole in every topic. */
function wholePartitions(streams: readonly DecisionStream[]): number[] {
  const perStream = streams.map(
    (stream) => new Set(stream.positions().flatMap(({ partition, whole }) => (whole ? [partition] : []))),
  );
  return [...(perStream[0] ?? [])].filter((partition) => perStream.every((whole) => whole.has(partition)));
}

const readRow = membersReader(ROW_MEMBERS);

const newVersions = (): Record<AggregateKind, Map<string, number>> => ({
  connection: new Map(),
  agent: new Map(),
  region: new Map(),
});

function kindOf(name: string): AggregateKind {
  if ((REGION_DECISIONS as readonly string[]).includes(name)) return 'region';
  return (AGENT_DECISIONS as readonly string[]).includes(name) ? 'agent' : 'connection';
}
