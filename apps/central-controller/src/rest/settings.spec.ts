import { LIMITS, POLICY_DEFAULTS } from '#libs/contracts';
import { RegistryUnavailable } from '#libs/registry';
import {
  CONNECTION,
  DAMPED,
  expectProblem,
  HELD,
  POLICY,
  useRestApp,
} from '../../../../test/support/rest-app.ts';

const SOON = '2027-01-01T06:00:00.000Z';

describe('REST on what operators set', () => {
  const rest = useRestApp();

  /** What stands on every partition of the region's facts, once. */
  const onEveryPartition = () => {
    const [first] = rest.published;
    expect(rest.published.map(({ partition }) => partition)).toEqual([0, 1, 2]);
    for (const each of rest.published) expect({ ...each, partition: 0 }).toEqual({ ...first, partition: 0 });
    return first;
  };

  /** The data of the fact that was written, as text and figures. */
  const written = () => rest.published[0]?.data as { until?: string; setting_version?: number } | undefined;

  describe('a policy', () => {
    const path = '/api/v1/policies/night';
    const settings = { damping_max_moves: 3, blast_share: 0.25, failback: 'automatic' };

    it('becomes a fact on every partition, one version above the one that is known', async () => {
      const answer = await rest
        .put('/api/v1/policies/scheme')
        .send({ settings, server_group: 'scheme', reason: 'calm', version: 4 });
      expect(answer.status).toBe(202);
      expect(answer.body).toEqual({ event_id: expect.any(String), version: 5 });
      expect(onEveryPartition()).toEqual({
        topic: 'east.connection-status',
        key: 'region/east',
        id: answer.body.event_id,
        type: 'policy-change-requested',
        source: '/trunkline/east/rest',
        partition: 0,
        data: {
          control_region: 'east',
          policy: 'scheme',
          setting_version: 5,
          requested_by: 'operator',
          reason: 'calm',
          server_group: 'scheme',
          settings,
        },
      });
    });

    it('set twice before the registry shows the first gets two versions', async () => {
      const first = await rest.put(path).send({ settings, reason: 'calm' });
      const second = await rest.put(path).send({ settings: {}, reason: 'calm' });
      expect([first.body.version, second.body.version]).toEqual([1, 2]);
    });

    it('that has another version meanwhile is left as it is', async () => {
      const answer = await rest
        .put('/api/v1/policies/scheme-2')
        .send({ settings, version: 3, reason: 'calm' });
      expect(expectProblem(answer, 409, 'version-conflict').version).toBe(0);
      expect(rest.published).toEqual([]);
    });

    it('is refused when there are as many as there may be, unless it is one of them', async () => {
      rest.registry.known = Array.from({ length: LIMITS.policies }, (_none, i) => ({
        ...POLICY,
        name: `p${i}`,
      }));
      expectProblem(
        await rest.put('/api/v1/policies/more').send({ settings, reason: 'calm' }),
        409,
        'too-many-policies',
      );
      expect((await rest.put('/api/v1/policies/p7').send({ settings, reason: 'calm' })).status).toBe(202);
    });

    it.each([
      [{ reason: 'x' }, 'settings'],
      [{ settings: [], reason: 'x' }, 'settings'],
      [{ settings: null, reason: 'x' }, 'settings'],
      [{ settings: { damping_max_moves: 0 }, reason: 'x' }, 'settings.damping_max_moves'],
      [{ settings: { damping_max_moves: 1.5 }, reason: 'x' }, 'settings.damping_max_moves'],
      [{ settings: { blast_share: 1.1 }, reason: 'x' }, 'settings.blast_share'],
      [{ settings: { blast_share: '0.5' }, reason: 'x' }, 'settings.blast_share'],
      [{ settings: { failback: 'perhaps' }, reason: 'x' }, 'settings.failback'],
      [{ settings: { dampng: 3 }, reason: 'x' }, 'settings.dampng'],
      [{ settings: {}, server_group: 'a b', reason: 'x' }, 'server_group'],
      [{ settings: {}, server_group: null, reason: 'x' }, 'server_group'],
      [{ settings: {}, version: -1, reason: 'x' }, 'version'],
      [{ settings: {}, reason: '' }, 'reason'],
      [{ settings: {}, name: 'night', reason: 'x' }, 'name'],
    ])('set to %j is refused, naming %s', async (body, name) => {
      const problem = expectProblem(await rest.put(path).send(body), 400, 'invalid-body');
      expect(problem.detail).toBe(name);
      expect(rest.published).toEqual([]);
    });

    it('needs a name, a token, the registry and the log', async () => {
      expectProblem(
        await rest.put('/api/v1/policies/a%20b').send({ settings, reason: 'calm' }),
        400,
        'invalid-parameter',
      );
      expectProblem(await rest.http().put(path).send({ settings, reason: 'calm' }), 401, 'missing-token');
      rest.logFails = true;
      expectProblem(
        await rest.put('/api/v1/policies/lost').send({ settings, reason: 'calm' }),
        503,
        'log-unavailable',
      );
      rest.logFails = false;
      expect((await rest.put('/api/v1/policies/lost').send({ settings, reason: 'calm' })).body.version).toBe(
        1,
      );
      rest.registry.failure = new RegistryUnavailable('gone');
      expectProblem(await rest.put(path).send({ settings, reason: 'calm' }), 503, 'registry-unavailable');
    });

    it('is shown, alone and in the list', async () => {
      expect((await rest.http().get('/api/v1/policies')).body).toEqual({ items: [POLICY] });
      expect((await rest.http().get('/api/v1/policies/scheme')).body).toEqual(POLICY);
      expectProblem(await rest.http().get('/api/v1/policies/none'), 404, 'policy-not-found');
      expectProblem(await rest.http().get('/api/v1/policies?at=now'), 400, 'invalid-parameter');
    });

    it('is described with every setting, its bounds and its default', async () => {
      const { body } = await rest.http().get('/openapi.json');
      const { properties } = body.components.schemas.PolicyBody.properties.settings;
      expect(Object.keys(properties).sort()).toEqual(Object.keys(POLICY_DEFAULTS).sort());
      expect(properties.damping_max_moves).toEqual({
        type: 'integer',
        minimum: 1,
        maximum: 32,
        default: POLICY_DEFAULTS.damping_max_moves,
      });
      expect(properties.guest_targets.type).toBe('boolean');
      expect(properties.failback).toEqual({
        type: 'string',
        enum: ['manual', 'automatic'],
        default: 'manual',
      });
    });
  });

  describe('a freeze', () => {
    const path = '/api/v1/freeze';

    it('becomes a fact on every partition, also while Redis is away; the later one counts', async () => {
      rest.registry.failure = new RegistryUnavailable('gone');
      const answer = await rest.post(path).send({ until: '2027-01-01T07:00:00+01:00', reason: 'night' });
      expect(answer.status).toBe(202);
      expect(onEveryPartition()).toMatchObject({
        key: 'region/east',
        id: answer.body.event_id,
        type: 'freeze-requested',
        data: { control_region: 'east', until: SOON, reason: 'night', requested_by: 'operator' },
      });
      const first = written()?.setting_version ?? 0;
      rest.published = [];
      await rest.post(path).send({ until: SOON, reason: 'longer' });
      expect(written()?.setting_version).toBeGreaterThan(first);
    });

    it.each([
      [{ reason: 'x' }, 'until'],
      [{ until: 'tomorrow', reason: 'x' }, 'until'],
      [{ until: '2027-01-01T06:00:00', reason: 'x' }, 'until'],
      [{ until: 1_800_000_000_000, reason: 'x' }, 'until'],
      [{ until: SOON }, 'reason'],
      [{ until: SOON, reason: 'x', hours: 3 }, 'hours'],
    ])('asked for with %j is refused, naming %s', async (body, name) => {
      expect(expectProblem(await rest.post(path).send(body), 400, 'invalid-body').detail).toBe(name);
      expect(rest.published).toEqual([]);
    });

    it('needs a token', async () => {
      expectProblem(await rest.http().post(path).send({ until: SOON, reason: 'x' }), 401, 'missing-token');
    });

    it('is shown with whether it holds now', async () => {
      const shown = async () => (await rest.http().get(path)).body;
      const [none, elsewhere] = ['east', 'west'].map((each) => ({ control_region: each, frozen: false }));
      expect(await shown()).toEqual({ ...none, regions: [none, elsewhere] });
      const set = { control_region: 'east', requested_by: 'operator', updated_at: CONNECTION.updated_at };
      rest.registry.frozen = [{ ...set, until: '2126-01-01T00:00:00.000Z' }];
      const held = { ...rest.registry.frozen[0], frozen: true };
      expect(await shown()).toEqual({ ...held, regions: [held, elsewhere] });
      rest.registry.frozen = [{ ...set, until: '2020-01-01T00:00:00.000Z' }];
      expect(await shown()).toMatchObject({ frozen: false, until: '2020-01-01T00:00:00.000Z' });
    });

    it('of another control region is shown as that one’s: it holds the connections whose home that is', async () => {
      const set = { control_region: 'west', requested_by: 'bob', updated_at: CONNECTION.updated_at };
      rest.registry.frozen = [{ ...set, until: '2126-01-01T00:00:00.000Z', reason: 'month end' }];
      const own = { control_region: 'east', frozen: false };
      expect((await rest.http().get(path)).body).toEqual({
        ...own,
        regions: [own, { ...rest.registry.frozen[0], frozen: true }],
      });
    });
  });

  describe('an approval', () => {
    const path = `/api/v1/failovers/${encodeURIComponent(HELD.failover_id)}/approve`;
    const atHome = () => {
      rest.registry.home = 'east';
    };

    it('becomes a fact on every partition, for the cause that the failover is held for', async () => {
      atHome();
      const answer = await rest.post(path).send({ reason: 'we know', until: SOON });
      expect(answer.status).toBe(202);
      expect(onEveryPartition()).toMatchObject({
        key: 'region/east',
        id: answer.body.event_id,
        type: 'failover-approved',
        data: {
          control_region: 'east',
          failover_id: HELD.failover_id,
          cause: 'scheme/servers-lost',
          until: SOON,
          reason: 'we know',
          requested_by: 'operator',
        },
      });
    });

    it('holds for five minutes unless told', async () => {
      atHome();
      const before = Date.now();
      await rest.post(path).send({ reason: 'x' });
      const { until = '' } = written() ?? {};
      expect(Date.parse(until) - before).toBeGreaterThanOrEqual(300_000);
      expect(Date.parse(until) - Date.now()).toBeLessThanOrEqual(300_000);
    });

    it('is for the home region of the connection to take', async () => {
      const answer = await rest.post(path).send({ reason: 'x' });
      expect(expectProblem(answer, 409, 'other-control-region').control_region).toBe('west');
      expect(rest.published).toEqual([]);
    });

    it('of a failover that is not there, or not held for an operator, is refused', async () => {
      const approve = (id: string) => rest.post(`/api/v1/failovers/${id}/approve`).send({ reason: 'x' });
      expectProblem(await approve('a:b~9'), 404, 'failover-not-found');
      const detail = expectProblem(await approve(DAMPED.failover_id), 409, 'failover-not-held').detail;
      expect(detail).toContain('damping');
      expectProblem(await approve('none'), 400, 'invalid-parameter');
    });

    it('needs a reason and a token', async () => {
      expect(expectProblem(await rest.post(path).send({}), 400, 'invalid-body').detail).toBe('reason');
      expectProblem(await rest.http().post(path).send({ reason: 'x' }), 401, 'missing-token');
    });

    it('is prepared by a list that shows what is held, why and until when', async () => {
      expect((await rest.http().get('/api/v1/failovers')).body.items).toEqual([HELD]);
    });
  });

  describe('a setting that comes as an event', () => {
    const event = (control_region: string) =>
      rest
        .post('/api/v1/events')
        .set({
          'content-type': 'application/json',
          'ce-specversion': '1.0',
          'ce-id': 'e1',
          'ce-source': '/me',
        })
        .set('ce-type', 'trunkline.freeze-requested.v1')
        .send({ control_region, requested_by: 'me', until: SOON, setting_version: 1 });

    it('goes to every partition, in its own region only', async () => {
      expect((await event('east')).status).toBe(202);
      expect(onEveryPartition()).toMatchObject({ key: 'region/east', id: 'e1', type: 'freeze-requested' });
      rest.published = [];
      const refused = expectProblem(await event('west'), 422, 'invalid-event');
      expect(refused.reason).toBe('wrong-home-region');
      expect(rest.published).toEqual([]);
    });
  });
});
