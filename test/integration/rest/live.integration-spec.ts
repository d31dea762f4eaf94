import { decisionEvent, linkDecision } from '../../support/decisions.ts';
import { waitFor } from '../../support/wait-for.ts';
import { RestWorld, StreamReader, WRITER } from './world.ts';

describe('the live stream over HTTP, on real Kafka', () => {
  const versions = new Map<string, number>();
  const written: string[] = [];
  let world: RestWorld;

  beforeAll(async () => {
    world = new RestWorld();
    await world.start(['rest']);
    await world.claim();
  });
  afterAll(() => world.end());
  beforeEach(() => {
    written.length = 0;
  });

  async function decide(count: number, region = world.regions[0]): Promise<void> {
    const events = Array.from({ length: count }, (_none, n) => {
      const id = `${region.slice(-4)}-${n % 5}:a`;
      const version = (versions.get(id) ?? 0) + 1;
      versions.set(id, version);
      written.push(`${id}/${version}`);
      return decisionEvent(world.topic('controllerEvents', region), WRITER, linkDecision(id, version));
    });
    await world.log.publish(events);
  }
  const all = (ids: readonly string[]) => [...ids].sort();
  const sees = async (reader: StreamReader, ids: readonly string[]) => {
    await waitFor(() => reader.ids.length >= ids.length, { what: `${ids.length} events` });
    expect(all(reader.ids)).toEqual(all(ids));
  };

  it('tells of decisions of both regions as they are taken, filtered as asked, and of nothing before', async () => {
    await decide(3);
    const everything = new StreamReader(world.url);
    const west = new StreamReader(
      world.url,
      `?region=${world.regions[1]}&type=connection-activated,connection-ended`,
    );
    await Promise.all([everything.begun(), west.begun()]);
    expect([everything.status, everything.type]).toEqual([200, 'text/event-stream; charset=utf-8']);
    const before = written.length;
    await decide(4);
    await decide(6, world.regions[1]);
    await sees(everything, written.slice(before));
    await sees(west, written.slice(before + 4));
    for (const reader of [everything, west]) reader.leave();
  });

  it('goes on behind any event, at this process or the next one, without a gap and without a double', async () => {
    const reader = new StreamReader(world.url);
    await reader.begun();
    await decide(20);
    await decide(15, world.regions[1]);
    await sees(reader, written);
    const seen = reader.blocks.slice(0, 17);
    const id = /^id: (.*)$/m.exec(seen.at(-1) ?? '')?.[1];
    const seenIds = reader.ids.slice(0, 17);
    reader.leave();
    await decide(5);
    const here = new StreamReader(world.url, '', id);
    await sees(
      here,
      written.filter((each) => !seenIds.includes(each)),
    );
    // The next process begins elsewhere in the log: nothing of this is in its memory.
    await world.stopApp();
    await waitFor(() => here.isOver, { what: 'the end of the stream' });
    expect(here.text).toMatch(/event: end\ndata: \{"code":"shutting-down"/);
    await world.start(['rest']);
    await decide(3, world.regions[1]);
    const there = new StreamReader(world.url, '', id);
    await sees(
      there,
      written.filter((each) => !seenIds.includes(each)),
    );
    await decide(5);
    await sees(
      there,
      written.filter((each) => !seenIds.includes(each)),
    );
    there.leave();
  });

  it('refuses what it can not go on with, and what it does not know, as problems', async () => {
    const ask = (query: string, lastEventId?: string) =>
      fetch(
        `${world.url}/api/v1/events${query}`,
        lastEventId === undefined ? {} : { headers: { 'last-event-id': lastEventId } },
      );
    for (const [query, id] of [
      ['?type=A'],
      ['?kind=rope'],
      ['?from=now'],
      ['', 'x:0'],
      ['?connection_id=a%20b'],
    ] as const) {
      const answer = await ask(query, id);
      expect([query, id, answer.status]).toEqual([query, id, 400]);
      expect(await answer.json()).toMatchObject({ code: 'invalid-parameter' });
    }
    const head = await fetch(`${world.url}/api/v1/events`, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-type')]).toEqual([
      200,
      'text/event-stream; charset=utf-8',
    ]);
  });
});
