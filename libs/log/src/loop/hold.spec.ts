import type { LogRecord } from '../port.ts';
import type { LoopContext } from './context.ts';
import { PartitionHold } from './hold.ts';
import { ReadingCancelled } from './reader.ts';

type Context = LoopContext<object, object, object>;

/** A context whose every answer is preceded by `step`; each topic holds one claim, its own. */
function contextWith(step: (what: 'ends' | 'read' | 'append') => void): Context {
  const stored = new Map<string, LogRecord[]>();
  const of = (topic: string) => {
    const records = stored.get(topic) ?? [];
    stored.set(topic, records);
    return records;
  };
  return {
    definition: { logTopic: 'log', stateTopic: 'state', source: '/test' },
    observer: {},
    clock: { nowMs: () => 0 },
    ends: {
      of: async (topic: string) => {
        step('ends');
        return { partition: 0, low: 0, high: of(topic).length };
      },
    },
    log: {
      append: async (topic: string, partition: number, [record]: { headers: object }[]) => {
        step('append');
        const offset = of(topic).length;
        const name = 'writer-claimed';
        of(topic).push({
          topic,
          partition,
          offset,
          readable: true,
          name,
          raw: record,
        } as unknown as LogRecord);
        return offset;
      },
    },
    reader: {
      read: async (
        topic: string,
        _partition: number,
        range: { from: number; until: number },
        onRecord: (record: LogRecord) => void,
      ) => {
        if (range.from >= range.until) return;
        step('read');
        for (const record of of(topic).slice(range.from, range.until)) onRecord(record);
      },
    },
  } as unknown as Context;
}

describe('a hold on a partition', () => {
  it('claims when nobody else does', async () => {
    const hold = new PartitionHold(
      contextWith(() => undefined),
      0,
    );
    expect(await hold.claim(() => undefined)).toMatchObject({ kind: 'owned', logEnd: 1, stateEnd: 1 });
  });

  it('reads and appends nothing once it is closed, whatever it was waiting for', async () => {
    let steps = 0;
    await new PartitionHold(
      contextWith(() => {
        steps += 1;
      }),
      0,
    ).claim(() => undefined);
    // The last two steps are a read and a look at the end, and nothing follows them.
    for (let last = 1; last < steps - 1; last += 1) {
      const after: string[] = [];
      let taken = 0;
      const hold = new PartitionHold(
        contextWith((what) => {
          taken += 1;
          if (taken === last) hold.close();
          else if (taken > last) after.push(what);
        }),
        0,
      );
      await expect(hold.claim(() => undefined)).rejects.toBeInstanceOf(ReadingCancelled);
      expect(after.filter((what) => what !== 'ends')).toEqual([]);
    }
  });
});
