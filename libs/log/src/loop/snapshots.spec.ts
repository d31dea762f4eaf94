import type { EncodedRecord } from '../port.ts';
import { Aggregates } from './aggregates.ts';
import type { LoopDefinition } from './definition.ts';
import { LOOP_LIMITS } from './limits.ts';
import type { Progress } from './records.ts';
import { SnapshotWriter } from './snapshots.ts';
import type { DecisionWriter, WriterHost } from './writer.ts';

interface State {
  readonly version: number;
  readonly text: string;
}

type Definition = LoopDefinition<State, object, string>;

const writer = { source: '/test', partition: 0, epoch: 1, id: 'w' };

/** A writer of snapshots over a log whose appends are answered by `answer`. */
function snapshotsWith(memory: string, answer: (records: readonly EncodedRecord[]) => Promise<void>) {
  const definition = {
    inputTopics: ['in'],
    stateTopic: 'state',
    versionOf: ({ version }: State) => version,
    dueAtMs: () => undefined,
    forget: ({ text }: State) => text === 'closed',
    evolve: (_state: State | undefined, { data }: { data: { version: number } }) => ({
      version: data.version,
      text: 'open',
    }),
  } as unknown as Definition;
  const aggregates = new Aggregates<State, object, string>(0, definition, () => memory);
  const progress: Progress<string> = { offsets: [0], memory };
  let end = 0;
  const log = {
    append: async (_topic: string, _partition: number, records: readonly EncodedRecord[]) => {
      await answer(records);
      end += records.length;
      return end - records.length;
    },
  };
  const host = {
    context: { log, definition, observer: {}, clock: { nowMs: () => 0 } },
    partition: 0,
    aggregates,
    generation: () => 0,
    judged: () => progress,
    acknowledged: () => undefined,
    reclaim: () => undefined,
  } as unknown as WriterHost<State, object, string>;
  const decisions = { writer, idle: true, acknowledgedEnd: 0 } as unknown as DecisionWriter<
    State,
    object,
    string
  >;
  return { aggregates, snapshots: new SnapshotWriter(host, decisions, 0, () => progress) };
}

describe('the writer of snapshots', () => {
  it('gives what it has in hand back at once when it is abandoned, but for what is no state any more', () => {
    const { aggregates, snapshots } = snapshotsWith('', () => new Promise(() => undefined));
    for (const key of ['kept', 'gone']) aggregates.confirm(key, { version: 1, text: '' });
    void snapshots.round();
    expect([...aggregates.dirty]).toEqual([]);
    aggregates.forget('gone');
    snapshots.abandon();
    expect([...aggregates.dirty]).toEqual(['kept']);
  });

  it.each(['on its way', 'acknowledged'])(
    'keeps a state whose next decision was %s while its tombstone was written, and writes it again',
    async (standing) => {
      const appends: string[] = [];
      let during = () => {};
      const { aggregates, snapshots } = snapshotsWith('', async (records) => {
        appends.push(
          records.map(({ key, value }) => `${String(key)}${value === null ? ' gone' : ''}`).join(),
        );
        during();
      });
      aggregates.confirm('k', { version: 1, text: 'closed' });
      await snapshots.round();
      await snapshots.round();
      during = () => {
        during = () => {};
        const next = aggregates.speculate({
          key: 'k',
          id: 'k/2',
          name: 'n',
          data: { version: 2 },
          timeMs: 0,
        });
        if (standing === 'acknowledged') aggregates.confirm('k', next);
      };
      await snapshots.round();
      expect(appends.at(-1)).toContain('k gone');
      expect(aggregates.acknowledged('k')).toMatchObject({ version: standing === 'acknowledged' ? 2 : 1 });
      await snapshots.round();
      expect(appends.at(-1)).toBe('k,checkpoint/0');
    },
  );

  it('forgets one that stayed as it was', async () => {
    const { aggregates, snapshots } = snapshotsWith('', async () => undefined);
    aggregates.confirm('k', { version: 1, text: 'closed' });
    for (let round = 0; round < 3; round += 1) await snapshots.round();
    expect(aggregates.acknowledged('k')).toBeUndefined();
  });

  it('sends a checkpoint with much memory apart from the snapshots', async () => {
    const appends: (string | Buffer | null)[][] = [];
    const half = 'x'.repeat(LOOP_LIMITS.appendBytes * 0.6);
    const { aggregates, snapshots } = snapshotsWith(half, async (records) => {
      appends.push(records.map(({ key }) => key));
    });
    aggregates.confirm('k', { version: 1, text: half });
    await snapshots.round();
    expect(appends).toEqual([['k'], ['checkpoint/0']]);
    aggregates.confirm('k', { version: 2, text: '' });
    await snapshots.round();
    expect(appends[2]).toEqual(['k', 'checkpoint/0']);
    expect([...aggregates.dirty]).toEqual([]);
  });
});
