import { LIMITS } from '#libs/contracts';
import { healthReport } from '../../../../test/support/health-reports.ts';
import { expectProblem, useRestApp } from '../../../../test/support/rest-app.ts';

const FACT = {
  connection_id: 'bank-client-1:primary',
  home_region: 'east',
  epoch: 2,
  agent_id: 'scheme-server-1',
  incarnation: 'life-1',
  reason: 'peer-reset',
  observed_by: 'server-sidecar',
};
const ATTRIBUTES = {
  specversion: '1.0',
  id: 'event-1',
  source: '/payments/switch',
  type: 'trunkline.connection-lost.v1',
  time: '2026-01-01T00:00:00.000Z',
};
const REPORT = healthReport({ agent_id: 'scheme-server-1', kind: 'server-sidecar' });

const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('POST /events', () => {
  const rest = useRestApp();
  const structured = (event: object) =>
    rest
      .post('/api/v1/events')
      .set('content-type', 'application/cloudevents+json; charset=utf-8')
      .send(JSON.stringify(event));
  const binary = (data: object | string, changes: Record<string, string | undefined> = {}) => {
    const call = rest.post('/api/v1/events').set('content-type', 'application/json');
    for (const [name, value] of Object.entries({ ...ATTRIBUTES, ...changes })) {
      if (value !== undefined) call.set(`ce-${name}`, value);
    }
    return call.send(typeof data === 'string' ? data : JSON.stringify(data));
  };
  const written = {
    topic: 'east.connection-status',
    key: 'bank-client-1:primary',
    id: 'event-1',
    type: 'connection-lost',
    source: '/payments/switch',
    subject: 'bank-client-1:primary',
    time: '2026-01-01T00:00:00.000Z',
    data: FACT,
  };

  it('takes a fact in structured mode', async () => {
    const answer = await structured({ ...ATTRIBUTES, data: FACT });
    expect(answer.body).toEqual({ event_id: 'event-1' });
    expect(answer.status).toBe(202);
    expect(rest.published).toEqual([written]);
  });

  it('takes a fact in binary mode, with percent-encoded attributes', async () => {
    const answer = await binary(FACT, { subject: 'bank-client-1%3Aprimary' });
    expect(answer.body).toEqual({ event_id: 'event-1' });
    expect(rest.published).toEqual([written]);
  });

  it('takes a health report', async () => {
    expect((await binary(REPORT, { type: 'trunkline.health-report.v1' })).status).toBe(202);
    expect(rest.published).toMatchObject([{ topic: 'east.health-reports', key: 'scheme-server-1' }]);
  });

  it.each([
    ['the header', { traceparent: TRACE }],
    ['the attribute', { 'ce-traceparent': TRACE }],
    ['the header, before the attribute', { traceparent: TRACE, 'ce-traceparent': TRACE.replace('a', 'b') }],
  ])('keeps the trace that %s names', async (_where, headers) => {
    expect((await binary(FACT).set(headers)).status).toBe(202);
    expect(rest.published).toEqual([{ ...written, headers: { traceparent: TRACE } }]);
  });

  it('keeps the trace of a structured event, and no broken one', async () => {
    await structured({ ...ATTRIBUTES, data: FACT }).set('traceparent', TRACE);
    expect(rest.published).toEqual([{ ...written, headers: { traceparent: TRACE } }]);
    rest.reset();
    await structured({ ...ATTRIBUTES, data: FACT }).set('traceparent', 'some text');
    expect(rest.published).toEqual([written]);
  });

  it('gives a fact on an agent as a whole to every partition', async () => {
    const data = { agent_id: 'scheme-server-1', incarnation: 'life-1' };
    expect((await binary(data, { type: 'trunkline.agent-returned.v1' })).status).toBe(202);
    expect(rest.published.map((event) => event.partition)).toEqual([0, 1, 2]);
  });

  it('uses the time of arrival for an event without one', async () => {
    await binary(FACT, { time: undefined });
    expect(Date.now() - Date.parse(rest.published[0]?.time ?? '')).toBeLessThan(60_000);
  });

  it.each([
    ['no type', { type: undefined }, 'not-a-cloudevent'],
    ['no id', { id: undefined }, 'not-a-cloudevent'],
    ['no source', { source: undefined }, 'not-a-cloudevent'],
    ['another specversion', { specversion: '0.3' }, 'not-a-cloudevent'],
    ['a time that is none', { time: 'yesterday' }, 'not-a-cloudevent'],
    ['a date without a time', { time: '2026-01-01' }, 'not-a-cloudevent'],
    ['a foreign type', { type: 'com.example.thing' }, 'unknown-type'],
    ['a type that nobody has', { type: 'trunkline.connection-lots.v1' }, 'unknown-type'],
    ['another version', { type: 'trunkline.connection-lost.v2' }, 'unknown-version'],
    ['a fact of a session without its data', { type: 'trunkline.relay-opened.v1' }, 'invalid-data'],
    ['a decision', { type: 'trunkline.failover-decided.v1' }, 'wrong-topic'],
    ['a command', { type: 'trunkline.connect.v1' }, 'wrong-topic'],
    ['a subject that the data contradict', { subject: 'other:link' }, 'key-contradicts-data'],
  ])('refuses %s', async (_what, changes, reason) => {
    const body = expectProblem(await binary(FACT, changes), 422, 'invalid-event');
    expect(body.reason).toBe(reason);
    expect(rest.published).toEqual([]);
  });

  it.each([
    ['a missing field', { ...FACT, epoch: undefined }, 'invalid-data'],
    ['a wrong type', { ...FACT, epoch: '2' }, 'invalid-data'],
    ['a null', { ...FACT, home_region: null }, 'invalid-data'],
    ['a reason that is no text', { ...FACT, reason: 7 }, 'invalid-data'],
    ['a list', [FACT], 'invalid-data'],
    ['broken JSON', '{"epoch":', 'broken-json'],
    ['nothing', '', 'broken-json'],
    ['__proto__', '{"connection_id":"a:b","__proto__":{}}', 'forbidden-key'],
    ['deep JSON', `{"a":${'['.repeat(100)}${']'.repeat(100)}}`, 'too-deep'],
    ['very deep JSON', '['.repeat(200_000), 'too-deep'],
  ])('refuses %s', async (_what, data, reason) => {
    const body = expectProblem(await binary(data), 422, 'invalid-event');
    expect(body.reason).toBe(reason);
  });

  it('refuses a request for a connection of another region', async () => {
    const data = {
      connection_id: 'c1:a',
      kind: 'link',
      client_id: 'c1',
      server_group: 'scheme',
      home_region: 'west',
    };
    const answer = await binary(data, { type: 'trunkline.connection-request.v1' });
    expect(expectProblem(answer, 422, 'invalid-event').reason).toBe('wrong-home-region');
  });

  it('refuses a structured event that is a list, and one without data', async () => {
    for (const event of [[], { ...ATTRIBUTES }, { ...ATTRIBUTES, data: null }]) {
      expectProblem(await structured(event), 422, 'invalid-event');
    }
  });

  it.each(['text/plain', 'application/cloudevents-batch+json', 'application/xml'])(
    'does not read %s',
    async (type) => {
      const answer = await rest.post('/api/v1/events').set('content-type', type).send('{}');
      expectProblem(answer, 415, 'unsupported-media-type');
    },
  );

  it('refuses a body over the limit', async () => {
    const answer = await binary({ ...FACT, padding: 'x'.repeat(LIMITS.messageBytes) });
    expectProblem(answer, 413, 'body-too-large');
  });

  it('repeats nothing of what it refuses', async () => {
    const card = '4111111111111111';
    for (const data of [
      { ...FACT, epoch: card },
      { ...FACT, connection_id: card.repeat(20) },
      `{"a":${card}`,
    ]) {
      expect((await binary(data)).text).not.toContain(card);
    }
  });

  it('needs the token', async () => {
    expectProblem(await rest.http().post('/api/v1/events').send('{}'), 401, 'missing-token');
  });

  it('says so when Kafka does not take it', async () => {
    rest.logFails = true;
    expectProblem(await binary(FACT), 503, 'log-unavailable');
  });
});
