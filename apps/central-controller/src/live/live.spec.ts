import { TOPIC, topicName } from '#libs/contracts';
import { MemoryBroker } from '#libs/log';
import { claimEvent, decisionEvent, linkDecision } from '../../../../test/support/decisions.ts';
import { TestSink } from '../../../../test/support/live-sink.ts';
import { waitFor } from '../../../../test/support/wait-for.ts';
import { LiveHub, TooFarBack, TooManyReaders, UnknownEventId } from './hub.ts';
import type { LIVE_LIMITS } from './limits.ts';
import { Places } from './places.ts';

const PARTITIONS = 3;
const REGIONS = ['east', 'west'];
const WRITER = { writer_epoch: 1, writer_id: '3b1f0e9c-1f0b-4a55-9f2e-2f0a52b5f6aa' };

describe('the live stream', () => {
  let broker: MemoryBroker;
  let hub: LiveHub;
  const versions = new Map<string, number>();
  const written: string[] = [];

  const open = (limits: Partial<Record<keyof typeof LIVE_LIMITS, number>> = {}) =>
    new LiveHub({
      log: broker.log('hub'),
      regions: REGIONS,
      partitions: PARTITIONS,
      failed: () => undefined,
      limits,
    });

  beforeEach(async () => {
    broker = new MemoryBroker({ fetchRecords: 5 });
    versions.clear();
    written.length = 0;
    for (const region of REGIONS) {
      broker.createRegion(region, PARTITIONS);
      const topic = topicName(region, TOPIC.controllerEvents);
      await broker.log('w').publish([0, 1, 2].map((partition) => claimEvent(topic, partition, WRITER)));
    }
    hub = open();
  });
  afterEach(() => hub.stop());

  async function decide(count: number, more: object = {}, region = 'east'): Promise<void> {
    const topic = topicName(region, TOPIC.controllerEvents);
    const events = Array.from({ length: count }, (_none, n) => {
      const id = `${region}-${n % 7}:a`;
      const version = (versions.get(id) ?? 0) + 1;
      versions.set(id, version);
      written.push(`${id}/${version}`);
      return decisionEvent(topic, WRITER, linkDecision(id, version, more));
    });
    await broker.log('w').publish(events);
  }
  const sorted = (ids: readonly string[]) => [...ids].sort();
  const sees = (sink: TestSink, ids: readonly string[]) =>
    waitFor(() => sink.ids.length >= ids.length, { what: `${ids.length} events` }).then(() =>
      expect(sorted(sink.ids)).toEqual(sorted(ids)),
    );

  it('tells everyone of each decision once, from when they came, with what it is on and where it stands', async () => {
    await decide(5);
    const [one, other] = [new TestSink(), new TestSink()];
    await hub.join(one, {});
    await decide(3);
    await sees(one, written.slice(5));
    await hub.join(other, {});
    await decide(2, {}, 'west');
    await sees(one, written.slice(5));
    await sees(other, written.slice(8));
    const [, data = ''] = /^data: (.*)$/m.exec(other.text) ?? [];
    expect(JSON.parse(data)).toMatchObject({
      event_id: expect.stringMatching(/^west-/),
      type: 'connection-activated',
      region: 'west',
      connection_id: expect.stringMatching(/^west-/),
      data: { kind: 'link', version: 1 },
    });
    expect(other.text).toMatch(
      /^retry: 2000\nid: \S+\n: live\n\nid: \S+\nevent: connection-activated\ndata: /,
    );
  });

  it.each([
    [{ region: 'west' }, 'west-0:a/1'],
    [{ connection_id: 'east-1:a' }, 'east-1:a/1'],
    [{ kind: 'link', types: ['connection-activated'], connection_id: 'east-0:a' }, 'east-0:a/1'],
    [{ agent_id: 'server-1', connection_id: 'east-2:a' }, 'east-2:a/1'],
  ])('tells of what was asked for only: %j', async (filter, id) => {
    const [sink, none] = [new TestSink(), new TestSink()];
    await hub.join(sink, filter);
    await hub.join(none, { ...filter, agent_id: 'nobody' });
    await decide(3);
    await decide(1, {}, 'west');
    await sees(sink, [id]);
    expect(none.ids).toEqual([]);
  });

  it('tells nothing of records that do not count', async () => {
    const sink = new TestSink();
    await hub.join(sink, {});
    const topic = topicName('east', TOPIC.controllerEvents);
    const zombie = { writer_epoch: 1, writer_id: 'zombie' };
    await broker.log('z').publish([decisionEvent(topic, zombie, linkDecision('east-0:a', 1, { epoch: 9 }))]);
    await decide(2);
    await sees(sink, written);
    expect(sink.text).not.toContain('"epoch":9');
  });

  it.each([
    ['what is kept in memory', {}],
    ['the log, because memory is short', { recentEvents: 2 }],
    ['the log, because memory is none', { recentEvents: 0 }],
  ])('goes on behind the last event without a gap and without a double, from %s', async (_where, limits) => {
    await hub.stop();
    hub = open(limits);
    const sink = new TestSink();
    const reader = await hub.join(sink, {});
    await decide(10);
    await decide(4, {}, 'west');
    await sees(sink, written);
    reader.left();
    const { lastId } = sink;
    const seen = written.length;
    await decide(13);
    await decide(6, {}, 'west');
    const again = new TestSink();
    await hub.join(again, {}, lastId);
    await decide(5);
    await sees(again, written.slice(seen));
    await decide(5, {}, 'west');
    await sees(again, written.slice(seen));
    expect(again.text).toContain(': resumed');
  });

  it('goes on in another process, from any event that was seen, whichever came in between', async () => {
    const sink = new TestSink();
    await hub.join(sink, {});
    await decide(9);
    await decide(9, {}, 'west');
    await sees(sink, written);
    const blocks = sink.text.split('\n\n').filter((block) => block.includes('data: '));
    const next = open();
    for (const at of [0, 5, 11, 16]) {
      const id = /^id: (.*)$/m.exec(blocks[at] ?? '')?.[1];
      const seen = sink.ids.slice(0, at + 1);
      const again = new TestSink();
      await next.join(again, {}, id);
      await sees(
        again,
        written.filter((each) => !seen.includes(each)),
      );
    }
    await next.stop();
  });

  it('gives a reader that comes again only as much as it takes', async () => {
    await hub.stop();
    hub = open({ readerBytes: 4_000 });
    const first = new TestSink();
    const reader = await hub.join(first, {});
    reader.left();
    await decide(60);
    const again = new TestSink(false);
    await hub.join(again, {}, first.lastId);
    await waitFor(() => again.ids.length > 0);
    expect(again.ids.length).toBeLessThan(30);
    expect(again.isOver).toBe(false);
    again.takeAll();
    await sees(again, written);
  });

  it('cuts off who does not read, says why, and goes on for the others', async () => {
    await hub.stop();
    const ends: unknown[] = [];
    hub = new LiveHub({
      log: broker.log('hub'),
      regions: REGIONS,
      partitions: PARTITIONS,
      failed: () => undefined,
      counted: (readers, ended) => ends.push([readers, ended]),
      limits: { readerBytes: 4_000 },
    });
    const [slow, quick] = [new TestSink(false), new TestSink()];
    await hub.join(slow, {});
    await hub.join(quick, {});
    await decide(50);
    await sees(quick, written);
    expect(slow.isOver).toBe(true);
    expect(slow.text).toMatch(/event: error\ndata: \{"code":"slow-reader","detail":"[^"]+"\}\n\n$/);
    expect(slow.text.length).toBeLessThan(7_000);
    expect(ends).toContainEqual([1, 'slow-reader']);
  });

  it('ends every stream when the process stops, and says so', async () => {
    const sink = new TestSink();
    await hub.join(sink, {});
    await hub.stop();
    expect(sink.isOver).toBe(true);
    expect(sink.text).toMatch(/event: end\ndata: \{"code":"shutting-down"/);
    await expect(hub.join(new TestSink(), {})).rejects.toThrow('stops');
  });

  it('shows that it lives, and where it is, to who sees nothing of it', async () => {
    await hub.stop();
    hub = open({ heartbeatMs: 20 });
    const sink = new TestSink();
    await hub.join(sink, { connection_id: 'nobody:at-all' });
    const before = sink.lastId;
    await decide(4);
    await waitFor(() => sink.lastId !== before && sink.text.includes(': heartbeat\nid: '));
    expect(sink.ids).toEqual([]);
    const again = new TestSink();
    await waitFor(() => Places.parse(sink.lastId, REGIONS, PARTITIONS)?.at('east', 0).offset);
    await hub.join(again, {}, sink.lastId);
    await decide(1);
    await waitFor(() => again.ids.length > 0);
    expect(again.ids.at(-1)).toBe(written.at(-1));
  });

  it('takes so many readers and no more, until one goes', async () => {
    await hub.stop();
    hub = open({ readers: 2 });
    const first = await hub.join(new TestSink(), {});
    await hub.join(new TestSink(), {});
    await expect(hub.join(new TestSink(), {})).rejects.toBeInstanceOf(TooManyReaders);
    first.left();
    await hub.join(new TestSink(), {});
  });

  it('lets no crowd into the log that fell behind what is kept while it was brought up', async () => {
    await hub.stop();
    hub = open({ recentEvents: 20, readerBytes: 2_000, catchUps: 1 });
    const first = new TestSink();
    await hub.join(first, {});
    const id = first.lastId;
    await decide(20);
    await sees(first, written);
    const slow = [new TestSink(false), new TestSink(false)];
    for (const sink of slow) await hub.join(sink, {}, id);
    await decide(60);
    await sees(first, written);
    for (const sink of slow) sink.takeAll();
    const isCut = (sink: TestSink) => sink.text.includes('"code":"slow-reader"');
    await waitFor(() => slow.some((sink) => isCut(sink)), { what: 'one who is to come again' });
    const [served] = slow.filter((sink) => !isCut(sink));
    await sees(served as TestSink, written);
  });

  it('refuses ids that are none of this stream, of a longer log, and from too far back', async () => {
    const sink = new TestSink();
    await hub.join(sink, {});
    for (const id of [
      '',
      'x',
      'east:0.0.0',
      `${sink.lastId};north:0.0.0`,
      sink.lastId.replace('east', 'weast'),
    ]) {
      await expect(hub.join(new TestSink(), {}, id)).rejects.toBeInstanceOf(UnknownEventId);
    }
    const beyond = Places.earliest(REGIONS, PARTITIONS);
    beyond.set('east', 0, { offset: 5_000, ...WRITER });
    await expect(hub.join(new TestSink(), {}, beyond.text())).rejects.toBeInstanceOf(UnknownEventId);
    await hub.stop();
    hub = open({ resumeRecords: 3, recentEvents: 0 });
    await hub.join(sink, {});
    await decide(6);
    await expect(
      hub.join(new TestSink(), {}, sink.lastId.replace(/.*/, Places.earliest(REGIONS, PARTITIONS).text())),
    ).rejects.toBeInstanceOf(TooFarBack);
  });

  it('does not open while the log is away, and does once it is there', async () => {
    broker.available = false;
    await expect(hub.join(new TestSink(), {})).rejects.toThrow();
    broker.available = true;
    const sink = new TestSink();
    await hub.join(sink, {});
    await decide(1);
    await sees(sink, written);
  });
});
