import { deadLetterTopic, HEADER } from '#libs/contracts';
import { waitFor } from '../../support/wait-for.ts';
import { audit, readAll } from './audit.ts';
import type { AppendFault } from './faulty-log.ts';
import { ledgerFact } from './ledger.ts';
import { type Cluster, PARTITIONS, World } from './processes.ts';
import { describeRebalance } from './rebalance-behaviours.ts';
import { describeTruth } from './truth-behaviours.ts';

/** Two owners of one partition settle who writes after a few seconds, and on a busy machine much later. */
const DUEL_LIMIT_MS = 120_000;

/** What the log promises, whatever it stands on: run on the twin and on a real Kafka. */
export function describeLog(open: () => Promise<Cluster>): void {
  let cluster: Cluster;
  let world: World;

  beforeAll(async () => {
    cluster = await open();
  });
  beforeEach(async () => {
    world = await World.open(cluster);
  });
  afterEach(async () => {
    await world.close();
  });
  afterAll(async () => {
    await cluster.close();
  });

  it('decides on every fact once and sends the command of each decision', async () => {
    await world.startLoop();
    const sums = await world.publishMany(200, 10);
    await world.untilSums(sums);
    const found = await audit(world.log, world.region);
    expect(found.decisions).toHaveLength(200);
    await waitFor(async () => (await audit(world.log, world.region)).commandIds.size === 200);
  });

  it('sends the command of a decision in the trace of the fact that it comes from', async () => {
    await world.startLoop();
    await world.log.publish([world.fact('traced', 1, { headers: { traceparent: '00-a' } })]);
    const [command] = await waitFor(async () => {
      const commands = await readAll(world.log, world.topic('failoverCommands'));
      return commands.length > 0 && commands;
    });
    expect(command?.headers.traceparent).toBe('00-a');
  });

  it('gives two processes of a group the same partitions of every topic and loses nothing as they come and go', async () => {
    const first = await world.startLoop();
    const sums = new Map<string, number>();
    let n = 0;
    const flow = async (count: number) => {
      for (let sent = 0; sent < count; sent += 20) {
        const events = Array.from({ length: 20 }, () => {
          n += 1;
          const key = `k${n % 13}`;
          sums.set(key, (sums.get(key) ?? 0) + n);
          return world.fact(key, n);
        });
        await world.log.publish(events);
      }
    };
    await flow(200);
    const starting = world.startLoop();
    await flow(200);
    const second = await starting;
    await waitFor(() => first.loop.partitions().length === PARTITIONS / 2);
    await flow(200);
    await first.stop();
    await flow(200);
    await world.untilSums(sums);
    expect(second.loop.partitions()).toHaveLength(PARTITIONS);
    const found = await audit(world.log, world.region);
    expect(found.decisions).toHaveLength(800);
  });

  describe.each<[AppendFault, string]>([
    ['lost', 'that was rejected and is lost'],
    ['rejected-but-landed', 'that was rejected but landed'],
    ['duplicated', 'that was retried into a duplicate'],
  ])('an append %s', (fault) => {
    it('changes nothing about what is decided, and every command is sent', async () => {
      const { log, counts } = await world.startLoop();
      let left = 3;
      log.onAppend = ({ topic }) => {
        if (topic !== world.topic('controllerEvents') || left === 0) return 'none';
        left -= 1;
        return fault;
      };
      const sums = await world.publishMany(60, 6);
      await world.untilSums(sums);
      expect(
        counts.of('reclaiming append-rejected') + counts.of('reclaiming append-misplaced'),
      ).toBeGreaterThan(0);
      const last = await waitFor(async () => {
        const found = await audit(world.log, world.region);
        // What a claim folded is commanded by the claim: then the last version of each key is enough.
        return (
          [...sums.keys()].every((key) => {
            const version = found.decisions.filter((decision) => decision.key === key).length;
            return found.commandIds.has(`${key}/${version}/connect`);
          }) && found
        );
      });
      expect(last.decisions).toHaveLength(60);
    });
  });

  it('lets nothing count that lands late, after the next claim', async () => {
    const { log, counts } = await world.startLoop();
    const key = 'late';
    let held = false;
    log.onAppend = ({ topic }) => {
      if (topic !== world.topic('controllerEvents') || held) return 'none';
      held = true;
      return 'lands-late';
    };
    await world.log.publish([world.fact(key, 1)]);
    await world.untilSums(new Map([[key, 1]]));
    await log.landLate();
    await waitFor(() => counts.of('reclaiming foreign-record') > 0);
    await world.log.publish([world.fact(key, 2)]);
    await world.untilSums(new Map([[key, 3]]));
    expect((await audit(world.log, world.region)).decisions).toHaveLength(2);
    expect(counts.of('voided writer')).toBeGreaterThan(0);
  });

  it(
    'leaves one writer when two processes both believe they own a partition',
    async () => {
      const one = await world.startLoop({ groupId: `${world.region}-one` });
      const other = await world.startLoop({ groupId: `${world.region}-other` });
      const sums = await world.publishMany(100, 5);
      // Each takes the other's partitions as long as they meet, which a group never lets happen for long.
      await world.untilSums(sums, DUEL_LIMIT_MS);
      await one.stop();
      await world.untilSums(sums, DUEL_LIMIT_MS);
      await other.stop();
      const found = await audit(world.log, world.region);
      expect(found.decisions).toHaveLength(100);
    },
    3 * DUEL_LIMIT_MS,
  );

  it('sends poison to the dead letters with its reason and origin and goes on', async () => {
    const { counts } = await world.startLoop();
    const topic = world.topic('connectionStatus');
    const key = 'poisoned';
    const partition = world.log.partitionOf(key, PARTITIONS);
    const raw = (value: string | null, headers: Record<string, string> = {}) => ({
      topic,
      partition,
      key,
      value,
      headers: {
        ce_specversion: '1.0',
        ce_type: 'trunkline.connection-lost.v1',
        ce_id: 'p',
        ce_source: 's',
        ...headers,
      },
    });
    await world.log.publishRaw([
      raw('{'),
      raw(null),
      raw('{"amount":"x"}'),
      raw('{"amount":1}', { ce_type: 'trunkline.connection-lost.v2' }),
      raw('{"amount":1}', { ce_subject: 'another' }),
    ]);
    await world.log.publish([world.fact(key, 7)]);
    await world.untilSums(new Map([[key, 7]]));
    expect(counts.of('dead-lettered broken-json')).toBe(1);
    const reasons = await waitFor(async () => {
      const seen: string[] = [];
      const tail = await world.log.tail({
        topics: [deadLetterTopic(topic)],
        from: 'earliest',
        onBatch: async ({ records }) => {
          for (const { headers } of records) {
            expect(headers[HEADER.deadLetterTopic]).toBe(topic);
            expect(headers[HEADER.deadLetterPartition]).toBe(`${partition}`);
            seen[Number(headers[HEADER.deadLetterOffset])] = headers[HEADER.deadLetterReason] ?? '';
          }
        },
      });
      await tail.caughtUp();
      await tail.stop();
      return seen.length === 5 && seen;
    });
    expect(reasons).toEqual([
      'broken-json',
      'missing-value',
      'invalid-data',
      'unknown-version',
      'key-contradicts-data',
    ]);
  });

  it('counts and skips the poison of another region, whose own loop dead-letters it', async () => {
    const neighbour = await World.open(cluster);
    const regions = [world.region, neighbour.region];
    const { counts } = await world.startLoop({ regions });
    await world.log.publishRaw([
      { topic: neighbour.topic('connectionStatus'), partition: 0, key: 'k', value: '{', headers: {} },
    ]);
    await world.log.publish([ledgerFact(neighbour.region, 'k1', { amount: 4 })]);
    await world.untilSums(new Map([['k1', 4]]));
    await waitFor(() => counts.of('skipped broken-json') === 1);
    expect(await readAll(world.log, deadLetterTopic(neighbour.topic('connectionStatus')))).toHaveLength(0);
    await neighbour.close();
  });

  it('forwards a misplaced fact once, with its id, and dead-letters it when that did not help', async () => {
    const { counts } = await world.startLoop({
      partitions: PARTITIONS,
      partitionOf: (key, count) => world.log.partitionOf(key, count),
    });
    const key = 'astray';
    const wrong = (world.log.partitionOf(key, PARTITIONS) + 1) % PARTITIONS;
    await world.log.publish([world.fact(key, 5, { partition: wrong, id: 'the-same-id' })]);
    await world.untilSums(new Map([[key, 5]]));
    const facts = await readAll(world.log, world.topic('connectionStatus'));
    expect(facts.map(({ id, partition }) => [id, partition]).sort()).toEqual(
      [
        ['the-same-id', wrong],
        ['the-same-id', world.log.partitionOf(key, PARTITIONS)],
      ].sort(),
    );
    const headers = { forwarded_from: 'somewhere' };
    await world.log.publish([world.fact(key, 5, { partition: wrong, headers })]);
    await waitFor(() => counts.of('dead-lettered wrong-partition') === 1);
    expect(counts.of('forwarded')).toBe(1);
  });

  it('goes on behind records that are just small enough for their topic, and too large to be sent on', async () => {
    const { counts } = await world.startLoop({
      partitions: PARTITIONS,
      partitionOf: (key, count) => world.log.partitionOf(key, count),
    });
    const key = 'large';
    const right = world.log.partitionOf(key, PARTITIONS);
    // A batch of 1,048,588 bytes is the most that Kafka takes; a record in one has some 300 beside this header.
    const padding = Buffer.alloc(1_048_588 - 330, 'x');
    const astray = ledgerFact(world.region, key, { amount: 1 }, { partition: (right + 1) % PARTITIONS });
    await world.log.publish([{ ...astray, headers: { padding: padding.toString() } }]);
    await world.log.publishRaw([
      { topic: world.topic('connectionStatus'), partition: right, key: padding, value: '{', headers: {} },
    ]);
    await world.log.publish([
      world.fact(key, 5),
      world.fact(key, 2, { partition: (right + 1) % PARTITIONS }),
    ]);
    await world.untilSums(new Map([[key, 7]]));
    expect(counts.of('dead-lettered oversized')).toBe(1);
    expect(counts.of('dead-lettered broken-json')).toBe(1);
    expect(counts.of('forwarded')).toBe(1);
  });

  it('gives a time input only after everything that stood in the inputs at the deadline', async () => {
    const key = 'due';
    const dueMs = Date.now() - 1_000;
    await world.log.publish([ledgerFact(world.region, key, { amount: 1, due_ms: dueMs })]);
    const more = Array.from({ length: 300 }, () =>
      ledgerFact(world.region, key, { amount: 1, due_ms: dueMs }),
    );
    await world.log.publish(more);
    await world.startLoop();
    const expired = await waitFor(async () => {
      const { decisions } = await audit(world.log, world.region);
      return decisions.filter(({ name }) => name === 'failover-failed')[0];
    });
    expect(expired.data).toEqual({ version: 302, sum: 301 });
  });

  it('wakes the aggregates that it is told to', async () => {
    const woken: number[] = [];
    const { loop } = await world.startLoop({
      definition: {
        timeInput: (nowMs) => {
          woken.push(nowMs);
          return { kind: 'time', nowMs };
        },
      },
    });
    await world.publishMany(4, 4);
    await waitFor(() => loop.state('k3'));
    const before = Date.now();
    loop.wake((key) => key === 'k3');
    await waitFor(() => woken.length === 1);
    expect(woken[0]).toBeGreaterThanOrEqual(before);
  });

  describeRebalance(() => world);
  describeTruth(() => world);
}
