import { MemoryBroker } from '#libs/log';
import type { EventView, HistoryEntry, RegistryReader } from '#libs/registry';
import { killedServer } from '../../../../test/support/link-story.ts';
import { ControllerConfig } from '../config.ts';
import { Problem } from '../http/problem.ts';
import { ExplainConnection, ExplainConnectionHandler } from './explain.query.ts';
import { LogLooks } from './log-looks.ts';

const ID = 'client-1:primary';
const NOW_MS = Date.parse('2026-01-01T01:00:00Z');
const FACTS = 'east.connection-status';

describe('what REST explains', () => {
  const events = killedServer();
  let broker: MemoryBroker;
  let looks: LogLooks;
  let handler: ExplainConnectionHandler;
  /** What the registry keeps of it, and what stood at the moment that is asked for. */
  let kept: EventView[];
  let standing: number;

  const config = Object.assign(new ControllerConfig(), { region: 'east', regions: ['east', 'west'] });
  const registry = {
    connectionEvents: async (id: string, { cursor }: { cursor?: string }) => {
      if (id !== ID) return undefined;
      const from = Number(cursor ?? 0);
      const items = kept.slice(from, from + 2);
      return from + 2 < kept.length ? { items, next_cursor: `${from + 2}` } : { items };
    },
    connectionAt: async (id: string) =>
      id === ID && standing > 0 ? { version: standing, home_region: 'east' } : undefined,
    historyOf: async (
      _id: string,
      range: { fromVersion: number; toVersion: number },
    ): Promise<Partial<HistoryEntry>[]> =>
      events.slice(range.fromVersion - 1, range.toVersion).map(({ data: _data, ...entry }) => entry),
  } as unknown as RegistryReader;

  /** The log holds every fact that is cited, at its place, and every decision. */
  async function write(facts: number): Promise<void> {
    const log = broker.log('writer');
    const source = 'test';
    const fact = (n: number) => ({ agent_id: 'client-1', connection_id: ID, number: n });
    await log.publish(
      Array.from({ length: facts }, (_none, n) => {
        return {
          topic: FACTS,
          partition: 0,
          key: ID,
          id: `f${n}`,
          type: 'connection-lost',
          source,
          data: fact(n),
        };
      }),
    );
    await log.publish(
      events.map(({ event_id, type, partition, data }) => {
        return { topic: 'east.controller-events', partition, key: ID, id: event_id, type, source, data };
      }),
    );
  }

  beforeEach(() => {
    kept = [...events];
    standing = events.length;
    broker = new MemoryBroker();
    for (const region of config.regions) broker.createRegion(region, 4);
    looks = new LogLooks(broker.log('looks'), config);
    const clock = { wallMs: () => NOW_MS } as never;
    handler = new ExplainConnectionHandler(registry, clock, looks);
  });
  afterEach(() => looks.onApplicationShutdown());

  const explained = (at?: string, id = ID) => handler.execute(new ExplainConnection(id, at));

  it('has the facts that it cites, as the log has them', async () => {
    await write(20);
    const said = await explained();
    expect(said).toMatchObject({ at: '2026-01-01T01:00:00.000Z', phase: 'active', complete: true });
    expect(said.first_cause).toMatchObject({ reason: 'server-lost', agent_id: 'server-1' });
    const [{ offset }] = (events[2] as EventView).data.evidence as [{ offset: number }];
    expect(said.causes[0]?.evidence[0]).toMatchObject({
      topic: FACTS,
      partition: 0,
      offset,
      type: 'connection-lost',
      agent_id: 'client-1',
      data: { number: offset },
    });
  });

  it('leaves bare positions where the log no longer has the fact, has another one there, or is away', async () => {
    const bare = expect.not.objectContaining({ data: expect.anything() });
    expect((await explained()).causes[0]?.evidence[0]).toEqual(bare);
    const other = broker.log('other');
    await other.publish([
      {
        topic: FACTS,
        partition: 0,
        key: ID,
        id: 'x',
        type: 'connection-lost',
        source: 't',
        data: { connection_id: ID },
      },
    ]);
    expect((await explained()).causes[0]?.evidence[0]).toEqual(bare);
    broker.available = false;
    const said = await explained();
    expect(said.causes[0]?.evidence[0]).toMatchObject({ topic: FACTS, partition: 0 });
    expect(said.causes[0]?.evidence[0]).toEqual(bare);
  });

  it('is of the decisions up to the moment that is asked for', async () => {
    standing = 2;
    const said = await explained('2026-01-01T00:00:30Z');
    expect(said).toMatchObject({ at: '2026-01-01T00:00:30.000Z', version: 2, server_id: 'server-1' });
    expect(said.first_cause.reason).toBe('requested');
  });

  it('reads the decisions from the log where the registry no longer keeps them', async () => {
    await write(20);
    standing = 2;
    kept = events.slice(2);
    expect(await explained('2026-01-01T00:00:30Z')).toMatchObject({ version: 2, complete: true });
  });

  it('refuses clearly what the log no longer has either, what is to come, and what never was', async () => {
    standing = 2;
    kept = events.slice(2);
    const problem = (code: string) => expect.objectContaining({ code });
    await expect(explained('2026-01-01T00:00:30Z')).rejects.toEqual(problem('before-retention'));
    await expect(explained('2026-01-01T02:00:00Z')).rejects.toEqual(problem('invalid-parameter'));
    standing = 0;
    await expect(explained('2026-01-01T00:00:30Z')).rejects.toEqual(problem('connection-not-found'));
    await expect(explained(undefined, 'nobody:at-all')).rejects.toBeInstanceOf(Problem);
  });
});
