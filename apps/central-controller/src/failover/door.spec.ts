import { create } from '@bufbuild/protobuf';
import { type ReservationDecision, TOPIC, topicName } from '#libs/contracts';
import { loop } from '#libs/domain';
import { type Log, type LoopDefinition, MemoryBroker, runControlLoop } from '#libs/log';
import { createLogger, createRegistry, type Registry, systemClock } from '#libs/platform';
import { healthReport } from '../../../../test/support/health-reports.ts';
import { waitFor } from '../../../../test/support/wait-for.ts';
import { controlLoopDefinition } from '../control-loop/definition.ts';
import { DecisionWatch } from './decision-watch.ts';
import { FailoverDoor } from './door.ts';
import { RequestFailoverRequestSchema } from './gen/trunkline/control/v1/controller_pb.ts';
import { PEER_LIMITS } from './limits.ts';
import { Refusal } from './refusal.ts';

const REQUEST = {
  connectionId: 'bank-client-1:primary',
  clientId: 'bank-client-1',
  serverGroup: 'scheme',
  reason: 'server-lost',
  epoch: 2n,
  requestingRegion: 'east',
};

/** A loop that decides on each request what it is told to; what it decides is not the door's concern. */
function definition(
  decide: (data: Partial<ReservationDecision>) => Partial<ReservationDecision> & { name: string },
): LoopDefinition<{ version: number }, { key: string; eventId: string }, null> {
  return {
    region: 'west',
    groupId: 'west.control-loop',
    source: 'test',
    inputTopics: [topicName('west', TOPIC.connectionStatus)],
    logTopic: topicName('west', TOPIC.controllerEvents),
    stateTopic: topicName('west', TOPIC.connectionState),
    toInput: ({ key, id }) => ({ kind: 'input', input: { key, eventId: id } }),
    keysOf: ({ key }) => [key],
    decide: (_key, state, { eventId }) => {
      const evidence = [{ type: 'server-requested', event_id: eventId }];
      const { name, ...data } = decide({ kind: 'reservation', evidence });
      return { kind: 'append', name, data: { ...data, version: (state?.version ?? 0) + 1 } };
    },
    evolve: (_state, { data }) => ({ version: data.version }),
    versionOf: ({ version }) => version,
    commandsOf: () => [],
    unanswered: () => [],
    dueAtMs: () => undefined,
    timeInput: () => ({ key: '', eventId: '' }),
    initialMemory: null,
    remember: (memory) => memory,
  };
}

describe('the door of a region', () => {
  let broker: MemoryBroker;
  let log: Log;
  let door: FailoverDoor;
  let watch: DecisionWatch;
  let metrics: Registry;
  let changes: boolean[];
  const endings: (() => Promise<void>)[] = [];

  beforeEach(async () => {
    broker = new MemoryBroker();
    log = broker.log('door');
    await log.ensureTopics('west', { partitions: 2 });
    metrics = createRegistry('test');
    changes = [];
    const logger = createLogger({ name: 'test', level: 'silent' });
    watch = new DecisionWatch(log, 'west', { logger, observer: {}, changed: (ready) => changes.push(ready) });
    door = new FailoverDoor('west', new Set(['east']), { log, watch, clock: systemClock, logger, metrics });
  });
  afterEach(async () => {
    for (const end of endings.splice(0)) await end();
    await watch.stop();
    await log.close();
  });

  /** A loop of another process, which decides so. */
  async function deciding(decide: Parameters<typeof definition>[0]): Promise<void> {
    const loop = await runControlLoop(broker.log('loop'), definition(decide));
    await waitFor(() => loop.ready());
    endings.push(() => loop.stop());
  }

  async function ask(
    withinMs = 2_000,
    connectionId = REQUEST.connectionId,
    clientId = REQUEST.clientId,
  ): Promise<string> {
    const identity = { region: 'east', kind: 'central-controller', id: 'controller-east' };
    const request = create(RequestFailoverRequestSchema, { ...REQUEST, connectionId, clientId });
    try {
      const { answer } = await door.requestFailover(request, { identity, deadlineMs: Date.now() + withinMs });
      if (answer.case === 'assigned') return `assigned ${answer.value.serverId} ${answer.value.address}`;
      return answer.case === 'refused' ? `refused ${answer.value.reason}` : `${answer.case}`;
    } catch (error) {
      if (error instanceof Refusal) return error.reason;
      throw error;
    }
  }

  const reserved = {
    name: 'server-reserved',
    server_id: 's',
    address: 'a:1',
    expires_at: '2026-01-01T00:00:00Z',
  };
  const results = async () => {
    const found = await metrics.getSingleMetric('trunkline_failover_requests_total')?.get();
    return Object.fromEntries(found?.values.map(({ labels, value }) => [labels.result, value]) ?? []);
  };

  it('answers with the decision on its own fact, and no other', async () => {
    await deciding((data) => ({ ...data, ...reserved }));
    await watch.start();
    expect(await ask()).toBe('assigned s a:1');
    const answers = await Promise.all(['a:1', 'b:1', 'a:1'].map((id) => ask(2_000, id)));
    expect(answers).toEqual(Array(3).fill('assigned s a:1'));
    expect(await results()).toEqual({ assigned: 4 });
  });

  it('passes the loop’s refusal on', async () => {
    await deciding((data) => ({ ...data, name: 'server-refused', reason: 'no-capacity' }));
    await watch.start();
    expect(await ask()).toBe('refused no-capacity');
  });

  it('answers at once what the region’s own rules reject, and takes no name from its clients', async () => {
    await log.ensureTopics('east', { partitions: 2 });
    const fleet = new loop.FleetView(() => {});
    const ours = [healthReport({ agent_id: 'west-client', control_region: 'west' })];
    const theirs = [healthReport({ agent_id: 'bank-client-1', control_region: 'east' })];
    for (const report of [...ours, ...theirs]) fleet.take(report, Date.now(), Date.now());
    const west = await runControlLoop(
      broker.log('loop'),
      controlLoopDefinition({
        region: 'west',
        regions: ['east', 'west'],
        fleet,
        partitions: 2,
        peerDeadlineMs: 500,
        reservationMs: 15_000,
        partitionOf: (key, partitions) => log.partitionOf(key, partitions),
        nowMs: () => Date.now(),
        changed: () => {},
      }),
    );
    endings.push(() => west.stop());
    await waitFor(() => west.ready());
    await watch.start();
    expect(await ask(2_000, 'west-client:primary')).toBe('refused own-connection');
    expect(await ask(2_000, 'bank-client-9:primary', 'bank-client-9')).toBe('refused unknown-client');
    const id = 'west-client:primary';
    await log.publish([
      {
        topic: topicName('west', TOPIC.connectionStatus),
        key: id,
        id: 'request',
        type: 'connection-request',
        source: 'test',
        data: { connection_id: id, kind: 'link', client_id: 'west-client', server_group: 'scheme' },
      },
    ]);
    await waitFor(() => west.state(id)?.kind === 'link');
    expect(await ask(2_000, id)).toBe('refused own-connection');
  });

  it('does not take a decision for an answer that is none', async () => {
    await deciding((data) => ({ ...data, ...reserved, kind: 'link' as never }));
    await watch.start();
    expect(await ask(100)).toBe('not-decided');
  });

  it('waits no longer than the caller, and forgets what nobody waits for', async () => {
    await watch.start();
    expect(await ask(50)).toBe('not-decided');
    expect(await ask(-1)).toBe('not-decided');
    expect(watch.open).toBe(0);
  });

  it('takes nothing before it follows the log, and nothing after it was closed', async () => {
    expect(await ask()).toBe('not-ready');
    await watch.start();
    expect(door.ready).toBe(true);
    const open = ask(200);
    const closed = door.close();
    expect(await ask()).toBe('not-ready');
    expect(await open).toBe('not-decided');
    await closed;
    await watch.stop();
    expect(changes).toEqual([true, false]);
  });

  it('says so at once when the log takes nothing', async () => {
    await watch.start();
    broker.available = false;
    expect(await ask()).toBe('log-unavailable');
    broker.available = true;
    await deciding((data) => ({ ...data, ...reserved }));
    expect(await ask()).toBe('assigned s a:1');
  });

  it('has so many requests open at most', async () => {
    await watch.start();
    const open = Array.from({ length: PEER_LIMITS.openRequests }, (_none, index) => ask(1_500, `a:${index}`));
    expect(await ask()).toBe('overloaded');
    expect(new Set(await Promise.all(open))).toEqual(new Set(['not-decided']));
    expect((await results()).overloaded).toBe(1);
  });
});
