import { type Call, Description, exampleRequests, STREAM, success } from '../../support/openapi.ts';
import { PlainKafka } from '../../support/plain-kafka.ts';
import { TestIssuer } from '../../support/tokens.ts';
import { CONNECTION_ID, seedExamples } from './seed.ts';
import { RestWorld, TOKEN } from './world.ts';

type Role = 'viewer' | 'operator' | 'publisher';

/** Every call, who may make it, and a path of it that is answered with another problem; a call without a row fails. */
const CALLS: Readonly<
  Record<string, { readonly role: Role; readonly elsewhere?: [path: string, status: number] }>
> = {
  'connections.list': { role: 'viewer', elsewhere: ['/connections?sort=age', 400] },
  'connections.one': { role: 'viewer', elsewhere: ['/connections/no:body', 404] },
  'connections.health': { role: 'viewer', elsewhere: ['/connections/no:body/health', 404] },
  'connections.events': { role: 'viewer', elsewhere: ['/connections/no:body/events', 404] },
  'connections.failover': { role: 'operator', elsewhere: ['/connections/no:body/failover', 404] },
  'explain.explain': { role: 'viewer', elsewhere: ['/connections/no:body/explain', 404] },
  'agents.list': { role: 'viewer', elsewhere: ['/agents?status=well', 400] },
  'agents.one': { role: 'viewer', elsewhere: ['/agents/nobody', 404] },
  'agents.drain': { role: 'operator', elsewhere: ['/agents/nobody/drain', 404] },
  'failovers.list': { role: 'viewer', elsewhere: ['/failovers?since=yesterday', 400] },
  'failovers.one': { role: 'viewer', elsewhere: ['/failovers/no:body~3', 404] },
  'failovers.approve': { role: 'operator', elsewhere: ['/failovers/no:body~3/approve', 404] },
  'settings.list': { role: 'viewer', elsewhere: ['/policies?at=now', 400] },
  'settings.one': { role: 'viewer', elsewhere: ['/policies/none', 404] },
  'settings.set': { role: 'operator', elsewhere: ['/policies/a%20b', 400] },
  'settings.freeze': { role: 'viewer', elsewhere: ['/freeze?at=now', 400] },
  'settings.setFreeze': { role: 'operator', elsewhere: ['/freeze?at=now', 400] },
  'events.take': { role: 'publisher' },
  'live.stream': { role: 'viewer', elsewhere: ['/events?kind=rope', 400] },
  'deadLetters.list': { role: 'viewer', elsewhere: ['/dead-letters?limit=0', 400] },
  'status.read': { role: 'viewer', elsewhere: ['/status?at=now', 400] },
};
const ALLOWS: Readonly<Record<Role, readonly Role[]>> = {
  viewer: ['viewer'],
  operator: ['viewer', 'operator'],
  publisher: ['publisher'],
};

describe('every REST call, on real Kafka and Redis', () => {
  const issuer = new TestIssuer();
  let world: RestWorld;
  let described: Description;
  const tokens = new Map<Role, string>();

  beforeAll(async () => {
    await issuer.addKey('first');
    for (const role of Object.keys(ALLOWS) as Role[]) {
      tokens.set(role, await issuer.sign([role], { sub: `a-${role}` }));
    }
    world = new RestWorld();
    // As a process that others than this machine can reach: reads need a token as well.
    await world.start(['projector', 'rest'], {
      TRUNKLINE_HTTP_HOST: '0.0.0.0',
      TRUNKLINE_JWKS: issuer.jwks,
      TRUNKLINE_JWT_ISSUER: issuer.issuer,
    });
    await seedExamples(world);
    const { body } = await world.get('/openapi.json', '', TOKEN);
    described = new Description(body);
  });
  afterAll(async () => {
    await world.end();
    issuer.end();
  });

  const rowOf = ({ operationId }: Call) => CALLS[operationId] ?? { role: 'viewer' as const };
  const isStream = (call: Call) => success(call)[1][STREAM] !== undefined;

  async function make(call: Call, url: string, token?: string, type?: string, body?: unknown) {
    const signal = new AbortController();
    const answer = await fetch(`${world.url}${url}`, {
      method: call.method.toUpperCase(),
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(type !== undefined && { 'content-type': type }),
      },
      ...(type !== undefined && { body: JSON.stringify(body) }),
      signal: signal.signal,
    });
    const media = (answer.headers.get('content-type') ?? '').split(';')[0] ?? '';
    const text = media === STREAM ? '' : await answer.text();
    if (media === STREAM) signal.abort();
    return {
      status: answer.status,
      type: media,
      body: media.endsWith('json') ? JSON.parse(text) : text,
      headers: answer.headers,
    };
  }
  /** The call as its first example makes it. */
  function makeExample(call: Call, token?: string) {
    const [{ url, type, body } = { url: '' }] = exampleRequests(call);
    return make(call, url, token, type, body);
  }

  it('has a row in the table, and each row a call', () => {
    const described_ = described.api.map(({ operationId }) => operationId).sort();
    expect(described_).toEqual(Object.keys(CALLS).sort());
  });

  it('needs a token, and a good one', async () => {
    for (const call of described.api) {
      for (const [token, code] of [
        [undefined, 'missing-token'],
        ['wrong', 'invalid-token'],
        [await issuer.sign(['operator', 'publisher'], { aud: 'other' }), 'invalid-token'],
        [await issuer.sign(['operator', 'publisher'], { exp: 1 }), 'expired-token'],
      ] as const) {
        const answer = await makeExample(call, token);
        expect([call.operationId, answer.status, answer.body.code]).toEqual([call.operationId, 401, code]);
        expect(answer.headers.get('www-authenticate')).toContain('Bearer');
        expect(described.contradictions(call, answer)).toEqual([]);
      }
    }
  });

  it('is refused to a role that may not make it, and names the one that may', async () => {
    for (const call of described.api) {
      const { role } = rowOf(call);
      for (const [given, token] of tokens) {
        if (ALLOWS[given].includes(role)) continue;
        const answer = await makeExample(call, token);
        expect([call.operationId, given, answer.status]).toEqual([call.operationId, given, 403]);
        expect(answer.body).toMatchObject({ code: 'forbidden', role });
        expect(described.contradictions(call, answer)).toEqual([]);
      }
    }
  });

  it('is answered as the document says to each role that may make it', async () => {
    for (const call of described.api) {
      const allowed = [...tokens].filter(([given]) => ALLOWS[given].includes(rowOf(call).role));
      expect(allowed.length).toBeGreaterThan(0);
      for (const [given, token] of [...allowed, ['the shared token', TOKEN] as const]) {
        const answer = await makeExample(call, token);
        const told = [call.operationId, given, answer.body];
        expect([answer.status, ...told]).toEqual([success(call)[0], ...told]);
        if (!isStream(call)) expect(described.contradictions(call, answer)).toEqual([]);
      }
    }
  });

  it('is answered with problems that the document names', async () => {
    for (const call of described.api) {
      const [path, status] = rowOf(call).elsewhere ?? [];
      if (path === undefined) continue;
      const [{ type, body } = { type: undefined, body: undefined }] = exampleRequests(call);
      const answer = await make(call, `/api/v1${path}`, TOKEN, type, body);
      expect([call.operationId, answer.status, answer.body]).toEqual([call.operationId, status, answer.body]);
      expect(described.contradictions(call, answer)).toEqual([]);
    }
  });

  it('that changes something leaves who and why in the log, and once for an Idempotency-Key', async () => {
    const token = await issuer.sign(['operator'], { sub: 'grace' });
    const ask = (key: string, reason: string) =>
      fetch(`${world.url}/api/v1/connections/${CONNECTION_ID}/failover`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          'idempotency-key': key,
        },
        body: JSON.stringify({ reason }),
      });
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => ask('night-1', 'patch day')));
    const first = answers.find(({ status }) => status === 202);
    if (!first) throw new Error('nobody was the first');
    const { event_id } = (await first.json()) as { event_id: string };
    expect(answers.every(({ status }) => status === 202 || status === 409)).toBe(true);
    const again = await ask('night-1', 'patch day');
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([202, 'true']);
    expect(await again.json()).toEqual({ event_id });
    expect((await ask('night-1', 'another day')).status).toBe(422);
    const plain = new PlainKafka(process.env.TRUNKLINE_KAFKA_BROKERS ?? '');
    const facts = (await plain.readAll(world.topic('connectionStatus'))).map(({ value }) =>
      JSON.parse(String(value)),
    );
    const graces = facts.filter(({ requested_by }) => requested_by === 'grace');
    expect(graces).toEqual([expect.objectContaining({ connection_id: CONNECTION_ID, reason: 'patch day' })]);
    const named = new Set(facts.map(({ requested_by }) => requested_by));
    expect(named).toEqual(new Set(['grace', 'a-operator', 'operator', undefined]));
    expect(facts.filter(({ requested_by, reason }) => requested_by && !reason)).toEqual([]);
  });

  it('of the status tells of the parts, the lag, the registry and who may do what', async () => {
    const { body } = await world.get('/status', '/api/v1', tokens.get('viewer'));
    const [region] = world.regions;
    expect(body).toMatchObject({
      region,
      regions: [...world.regions],
      registry: { state: 'whole' },
      certificates: [],
      access: { reads_open: false, shared_token: true, keys: { issuer: issuer.issuer, state: 'read' } },
    });
    expect(body.parts.map(({ part }: { part: string }) => part).sort()).toEqual(['projector', 'rest']);
    const lagging = body.lag.find(
      ({ topic }: { topic: string }) => topic === world.topic('controllerEvents'),
    );
    expect(lagging).toEqual({ topic: lagging.topic, partitions: 3, records: 0, worst: 0 });
    expect(Math.abs(Date.parse(body.now) - Date.now())).toBeLessThan(60_000);
  });

  it('without a token reads what is open on this machine alone, and changes nothing', async () => {
    await world.stopApp();
    await world.start(['projector', 'rest'], { TRUNKLINE_HTTP_HOST: '127.0.0.1' });
    for (const call of described.api) {
      const answer = await makeExample(call);
      const isRead = call.method === 'get';
      const told = [call.operationId, answer.body];
      expect([answer.status, ...told]).toEqual([isRead ? success(call)[0] : 401, ...told]);
      if (!isStream(call)) expect(described.contradictions(call, answer)).toEqual([]);
    }
    expect((await world.get('/status')).body.access).toMatchObject({ reads_open: true, shared_token: true });
  });
});
