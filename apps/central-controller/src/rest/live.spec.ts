import { TOPIC, topicName } from '#libs/contracts';
import { MemoryBroker } from '#libs/log';
import { claimEvent, decisionEvent, linkDecision } from '../../../../test/support/decisions.ts';
import { TestSink } from '../../../../test/support/live-sink.ts';
import { expectProblem, RestApp } from '../../../../test/support/rest-app.ts';
import { waitFor } from '../../../../test/support/wait-for.ts';
import { LiveHub } from '../live/hub.ts';
import { Places } from '../live/places.ts';

const REGIONS = ['east', 'west'];
const PARTITIONS = 3;
const WRITER = { writer_epoch: 1, writer_id: '3b1f0e9c-1f0b-4a55-9f2e-2f0a52b5f6aa' };
const EVENTS = '/api/v1/events';

describe('the live stream over HTTP', () => {
  let broker: MemoryBroker;
  let hub: LiveHub;
  let rest: RestApp;
  const topic = topicName('east', TOPIC.controllerEvents);

  /** A process with room for one reader, that keeps two decisions and gives three again. */
  beforeEach(async () => {
    broker = new MemoryBroker();
    for (const region of REGIONS) broker.createRegion(region, PARTITIONS);
    await broker.log('w').publish([0, 1, 2].map((partition) => claimEvent(topic, partition, WRITER)));
    hub = new LiveHub({
      log: broker.log('hub'),
      regions: REGIONS,
      partitions: PARTITIONS,
      failed: () => undefined,
      limits: { readers: 1, recentEvents: 2, resumeRecords: 3, catchUps: 0 },
    });
    rest = new RestApp(undefined, hub);
    await rest.start();
  });
  afterEach(async () => {
    await hub.stop();
    await rest.stop();
  });

  const get = (lastEventId?: string) => {
    const asked = rest.http().get(EVENTS);
    return lastEventId === undefined ? asked : asked.set('last-event-id', lastEventId);
  };
  const decide = (count: number) =>
    broker
      .log('w')
      .publish(
        Array.from({ length: count }, (_none, n) => decisionEvent(topic, WRITER, linkDecision('c:a', n + 1))),
      );

  it('has no room for another reader until one goes, and says when to come again', async () => {
    const reader = await hub.join(new TestSink(), {});
    const answer = await get();
    expect(expectProblem(answer, 503, 'too-many-readers').retriable).toBe(true);
    expect(answer.headers['retry-after']).toBe('5');
    reader.left();
    // There is room now: what is wrong with the request is looked at.
    expectProblem(await get('x'), 400, 'invalid-parameter');
  });

  it('lets nobody more into the log than may catch up at once', async () => {
    const sink = new TestSink();
    const reader = await hub.join(sink, {});
    const id = sink.lastId;
    await decide(3);
    await waitFor(() => sink.ids.length === 3, { what: 'decisions that are not all kept' });
    reader.left();
    const answer = await get(id);
    expectProblem(answer, 503, 'too-many-readers');
    expect(answer.headers['retry-after']).toBe('5');
  });

  it('goes on from no id of another topic, of a longer log, or from too far back', async () => {
    (await hub.join(new TestSink(), {})).left();
    const longer = Places.earliest(REGIONS, PARTITIONS);
    longer.set('east', 0, { offset: 5_000, ...WRITER });
    const others = [
      'north:0.0.0;west:0.0.0',
      'east:0.0.0',
      'east:0.0;west:0.0.0',
      'a'.repeat(8_000),
      longer.text(),
    ];
    for (const id of others) expectProblem(await get(id), 400, 'invalid-parameter');
    await decide(6);
    const begin = Places.earliest(REGIONS, PARTITIONS).text();
    expectProblem(await get(begin), 410, 'before-retention');
  });

  it.each([
    ['?type=failover-decide', 'type: there is no decision failover-decide'],
    [
      '?type=failover-decided,connection-lost,constructor',
      'type: there is no decision connection-lost, constructor',
    ],
    ['?region=weast', 'region must be one of east, west'],
  ])('has no decisions that there are not: %s is refused rather than silent', async (query, detail) => {
    expect(expectProblem(await rest.http().get(`${EVENTS}${query}`), 400, 'invalid-parameter').detail).toBe(
      detail,
    );
    expect((await rest.http().head(`${EVENTS}${query}`)).status).toBe(400);
    expect(
      (await rest.http().head(`${EVENTS}?type=failover-decided,policy-changed&region=west`)).status,
    ).toBe(200);
  });

  it('that cannot be opened is none, and says when to come again', async () => {
    broker.available = false;
    const answer = await get();
    expectProblem(answer, 503, 'log-unavailable');
    expect(answer.headers['retry-after']).toBe('1');
    broker.available = true;
    await hub.join(new TestSink(), {});
  });
});
