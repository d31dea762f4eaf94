import { TOPIC, topicName } from '#libs/contracts';
import { type Log, type LogRecord, MemoryBroker, partitionOf, type ReceivedEvent } from '#libs/log';
import { createLogger, Registry, systemClock } from '#libs/platform';
import { ControlLoopPart } from '../../apps/central-controller/src/control-loop/control-loop.part.ts';
import type { Judgement } from '../../apps/cli/src/replay/judgement.ts';
import { replay } from '../../apps/cli/src/replay/replay.ts';
import { SliceOfLog } from '../../apps/cli/src/replay/slice.ts';
import { readToEnd } from '../../apps/cli/src/verify/read-kafka.ts';
import { carriedHealth, healthReport } from '../support/health-reports.ts';
import { waitFor } from '../support/wait-for.ts';

const PARTITIONS = 3;
const REGIONS = ['east', 'west'];
const LINKS = Array.from({ length: 8 }, (_, index) => `bank-client-1:link-${index}`);
const SERVERS = ['server-1', 'server-2', 'server-3'];
const CLIENT = 'bank-client-1';
const REPORT_EVERY_MS = 200;

interface Command {
  readonly command_id: string;
  readonly agent_id: string;
  readonly incarnation: string;
  readonly connection_id: string;
  readonly epoch: number;
  readonly server_id?: string;
}

/** Agents over the in-memory log that do what they are told, and a real control loop that tells them. */
class World {
  readonly memory = new MemoryBroker();
  readonly log: Log = this.memory.log('world');
  readonly carried = new Map<string, { epoch: number; server: string }>();
  readonly dead = new Set<string>();
  private readonly sequences = new Map<string, number>();
  private reporting: NodeJS.Timeout | undefined;
  private said = 0;
  private loop: ControlLoopPart | undefined;

  async start(): Promise<void> {
    for (const region of REGIONS) await this.log.ensureTopics(region, { partitions: PARTITIONS });
    await this.log.tail({
      topics: [topicName('east', TOPIC.failoverCommands)],
      from: 'earliest',
      onBatch: async ({ records }) => {
        for (const record of records) if (record.readable) await this.obey(record);
      },
    });
    for (const agent of [CLIENT, ...SERVERS]) await this.report(agent);
    this.reporting = setInterval(() => {
      for (const agent of [CLIENT, ...SERVERS]) void this.report(agent);
    }, REPORT_EVERY_MS);
    const given = {
      clock: systemClock,
      logger: createLogger({ name: 'loop', level: 'silent' }),
      observer: {},
      metrics: new Registry(),
      peers: new Map(),
    };
    const times = { fleetAgeMs: 15_000, peerDeadlineMs: 500, reservationMs: 15_000 };
    const options = { region: 'east', regions: REGIONS, partitions: PARTITIONS, ...times };
    this.loop = new ControlLoopPart(this.memory.log('loop'), options, given);
    await this.loop.start();
  }

  async stop(): Promise<void> {
    clearInterval(this.reporting);
    await this.loop?.stop();
  }

  /** A fact of an agent, into its own region's topic. */
  say(agent: string, type: string, key: string, data: object, partition?: number): Promise<unknown> {
    return this.publish(
      agent === CLIENT ? 'east' : 'west',
      TOPIC.connectionStatus,
      type,
      key,
      data,
      partition,
    );
  }

  onLink(agent: string, type: string, id: string, data: object): Promise<unknown> {
    const about = { connection_id: id, home_region: 'east', agent_id: agent, incarnation: lifeOf(agent) };
    return this.say(agent, type, id, { ...about, ...data });
  }

  /** The server dies at once: its client tells it of each link. */
  async kill(server: string): Promise<void> {
    this.dead.add(server);
    for (const [id, { epoch, server: on }] of [...this.carried]) {
      if (on !== server) continue;
      this.carried.delete(id);
      const told = {
        client_id: CLIENT,
        server_id: server,
        epoch,
        reason: 'peer-closed',
        observed_by: 'client-sidecar',
      };
      await this.onLink(CLIENT, 'connection-lost', id, told);
    }
  }

  untilCarried(servers: readonly string[], fromEpoch: number): Promise<unknown> {
    const stands = (id: string) => {
      const link = this.carried.get(id);
      return link !== undefined && link.epoch >= fromEpoch && servers.includes(link.server);
    };
    return waitFor(() => LINKS.every(stands), { what: `links on ${servers.join()}` });
  }

  private async report(agent: string): Promise<void> {
    if (this.dead.has(agent)) return;
    const sequence = (this.sequences.get(agent) ?? 0) + 1;
    this.sequences.set(agent, sequence);
    const isClient = agent === CLIENT;
    const on = [...this.carried].filter(([, { server }]) => isClient || server === agent);
    const data = healthReport({
      ...{ agent_id: agent, incarnation: lifeOf(agent), sequence, capacity: 20 },
      ...(isClient ? {} : { kind: 'server-sidecar', control_region: 'west', server_group: 'scheme' }),
      connections: on.map(([id, { epoch }]) => carriedHealth(id, { epoch })),
    });
    await this.publish(isClient ? 'east' : 'west', TOPIC.healthReports, 'health-report', agent, data);
  }

  private async obey({ name, data }: ReceivedEvent): Promise<void> {
    const { command_id, agent_id, connection_id: id, epoch, server_id = '' } = data as Command;
    if (this.dead.has(agent_id)) return;
    const answer = (type: string, more: object = {}) =>
      this.onLink(agent_id, type, id, { command_id, command: name, epoch, ...more });
    if (name === 'connect') {
      if (this.dead.has(server_id)) {
        await answer('command-failed', { reason: 'connect-failed' });
        return;
      }
      this.carried.set(id, { epoch, server: server_id });
      await this.onLink(CLIENT, 'new-connection-established', id, { client_id: CLIENT, server_id, epoch });
    }
    if (name === 'disconnect' && this.carried.get(id)?.epoch === epoch) this.carried.delete(id);
    await answer('command-succeeded');
  }

  private publish(
    region: string,
    base: typeof TOPIC.connectionStatus | typeof TOPIC.healthReports,
    type: string,
    key: string,
    data: object,
    partition?: number,
  ) {
    this.said += 1;
    const about = {
      id: `said-${this.said}`,
      source: '/test/agents',
      topic: topicName(region, base),
      key,
      type,
      data,
    };
    return this.log.publish([{ ...about, ...(partition === undefined ? {} : { partition }) }]);
  }
}

const lifeOf = (agent: string): string => `life-of-${agent}`;

describe('a replay of what a control loop decided', () => {
  const world = new World();
  const judgements: Judgement[] = [];
  const records: LogRecord[] = [];
  beforeAll(async () => {
    await world.start();
    const asked = { kind: 'link', client_id: CLIENT, server_group: 'scheme' };
    await Promise.all(LINKS.map((id) => world.onLink(CLIENT, 'connection-request', id, asked)));
    await world.untilCarried(SERVERS, 1);
    await world.kill('server-1');
    await world.untilCarried(['server-2', 'server-3'], 1);
    const plan = { requested_by: 'operator', reason: 'maintenance', planned: true };
    for (const id of LINKS.slice(0, 4)) await world.onLink(CLIENT, 'failover-requested', id, plan);
    const drained = {
      agent_id: 'server-2',
      incarnation: lifeOf('server-2'),
      control_region: 'west',
      kind: 'server-sidecar',
    };
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      const asking = { ...drained, reason: 'upgrade', requested_by: 'operator' };
      await world.say('server-2', 'agent-drain-requested', 'server-2', asking, partition);
    }
    await world.untilCarried(['server-3'], 1);
    await waitFor(async () => (await standing()).every((phase) => phase === 'active'), {
      what: 'no link on its way',
    });
    await world.stop();
    for (const base of [TOPIC.connectionStatus, TOPIC.healthReports, TOPIC.controllerEvents]) {
      const topics = REGIONS.map((region) => topicName(region, base));
      await readToEnd(world.log, { topics }, (record) => records.push(record));
    }
    judgements.push(...replayed(records));
  });

  function replayed(given: readonly LogRecord[]): Judgement[] {
    const slice = new SliceOfLog();
    for (const record of given) slice.take(record);
    const found: Judgement[] = [];
    const count = slice.partitionCount(12);
    replay(slice, { partitionOf: (key) => partitionOf(key, count) }, (each) => found.push(each));
    return found;
  }

  /** The phase that each link's last decision leaves it in. */
  async function standing(): Promise<string[]> {
    const phases = new Map<string, string>();
    await readToEnd(world.log, { topics: [topicName('east', TOPIC.controllerEvents)] }, (record) => {
      const { phase } = (record.readable ? record.data : {}) as { phase?: string };
      if (phase !== undefined) phases.set(record.key ?? '', phase);
    });
    return [...phases.values()];
  }

  it('differs in nothing, whatever was decided at the same time in other partitions', () => {
    expect(judgements.filter(({ verdict }) => verdict === 'different')).toEqual([]);
    const same = judgements.filter(({ verdict, logged }) => verdict === 'same' && logged !== undefined);
    // Requested, established, lost or moved, drained: more decisions than that each.
    expect(same.length).toBeGreaterThan(4 * LINKS.length);
    expect(new Set(same.map(({ partition }) => partition)).size).toBe(PARTITIONS);
    expect(same.map(({ input }) => input)).toEqual(
      expect.arrayContaining(['connection-lost', 'agent-drain-requested']),
    );
  });

  it('went through every fact that the loop ignored as well', () => {
    const ignored = judgements.filter(({ made }) => made.kind === 'ignore');
    expect(ignored.length).toBeGreaterThan(LINKS.length);
    expect(judgements.filter(({ verdict }) => verdict === 'given')).toEqual([]);
  });

  it('finds the one decision that is another, and tells it once', () => {
    const isOther = (record: LogRecord) => record.readable && record.name === 'failover-decided';
    const at = records.findIndex(isOther);
    const other = (record: LogRecord): LogRecord =>
      record.readable ? { ...record, data: { ...(record.data as object), rule: 'link/0' } } : record;
    const found = replayed(records.map((record, index) => (index === at ? other(record) : record)));
    expect(found.flatMap(({ differences }) => differences)).toEqual([
      { path: 'rule', made: 'link/1', logged: 'link/0' },
    ]);
  });

  it('finds a fact that the log has no decision on though the rules make one', () => {
    // The last decision of each link is gone, and what it was made on stands.
    const last = new Map<string, LogRecord>();
    for (const record of records) {
      if (
        record.readable &&
        record.topic === topicName('east', TOPIC.controllerEvents) &&
        LINKS.includes(record.key)
      ) {
        last.set(record.key, record);
      }
    }
    const gone = new Set(last.values());
    const different = replayed(records.filter((record) => !gone.has(record))).filter(
      ({ verdict }) => verdict === 'different',
    );
    const missing = different.filter(({ logged, made }) => logged === undefined && made.kind === 'append');
    // One that was made on the time alone had no fact to be missed at, and some facts are then another's to answer.
    const found = new Set(missing.map(({ key }) => key));
    expect(LINKS).toEqual(expect.arrayContaining([...found]));
    expect(found.size).toBeGreaterThan(LINKS.length / 2);
  });
});
