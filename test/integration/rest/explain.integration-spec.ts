import { randomUUID } from 'node:crypto';
import type { HealthReport } from '#libs/contracts';
import type { OutgoingEvent } from '#libs/log';
import { Ledgers, ledgersOf } from '../../../apps/cli/src/verify/ledger.ts';
import { verifyKafka } from '../../../apps/cli/src/verify/run.ts';
import { healthReport } from '../../support/health-reports.ts';
import { postJson } from '../../support/http.ts';
import { waitFor } from '../../support/wait-for.ts';
import { RestWorld, TOKEN } from './world.ts';

const LINK = 'client-1:primary';
interface Named {
  readonly name: string;
}
interface Step {
  readonly commands: readonly Named[];
}
const PATH = `/connections/${encodeURIComponent(LINK)}`;

describe('explain over HTTP, of what a control loop decided on real Kafka and Redis', () => {
  let world: RestWorld;
  let sequence = 0;
  /** Of the placement that stands. */
  let epoch = 1;
  let reporting: NodeJS.Timeout;
  const fleet = new Map<string, Partial<HealthReport>>();

  beforeAll(async () => {
    world = new RestWorld();
    await world.start(['control-loop', 'projector', 'rest']);
    server('server-1', 0);
    server('server-2', 4);
    server('server-3', 8);
    fleet.set('client-1', { kind: 'client-sidecar' });
    await report();
    reporting = setInterval(() => void report().catch(() => undefined), 1_000);
  });
  afterAll(async () => {
    clearInterval(reporting);
    await world.end();
  });

  function server(agent_id: string, carried: number): void {
    const connections = Array.from({ length: carried }, (_none, n) => {
      return {
        connection_id: `other:${n}`,
        epoch: 1,
        status: 'active' as const,
        unanswered_ratio: 0,
        in_flight: 0,
      };
    });
    fleet.set(agent_id, { kind: 'server-sidecar', server_group: 'scheme', capacity: 100, connections });
  }

  async function report(): Promise<void> {
    sequence += 1;
    await world.log.publish(
      [...fleet].map(([agent_id, more]): OutgoingEvent => {
        const control_region = world.regions[0];
        const data = healthReport({
          agent_id,
          incarnation: `${agent_id}-a`,
          control_region,
          sequence,
          lease_ms: 60_000,
          ...more,
        });
        const id = `${agent_id}-${sequence}`;
        return {
          topic: world.topic('healthReports'),
          key: agent_id,
          id,
          type: 'health-report',
          source: agent_id,
          data,
        };
      }),
    );
  }

  const say = (type: string, agent_id: string, data: object) =>
    world.log.publish([
      {
        topic: world.topic('connectionStatus'),
        key: LINK,
        id: randomUUID(),
        type,
        source: agent_id,
        time: new Date().toISOString(),
        data: { connection_id: LINK, agent_id, incarnation: `${agent_id}-a`, ...data },
      },
    ]);
  const until = (phases: readonly string[], fromEpoch: number) =>
    waitFor(
      async () => {
        const { body } = await world.get(PATH);
        return phases.includes(body.phase) && body.epoch >= fromEpoch ? body : undefined;
      },
      { what: `${phases} at epoch ${fromEpoch}` },
    );
  /** The client says that its path stands, under whichever epoch it was commanded last. @returns the row then */
  const established = (fromEpoch: number) =>
    waitFor(
      async () => {
        const { body } = await world.get(PATH);
        const { phase, epoch, server_id } = body;
        if (!(epoch >= fromEpoch)) return undefined;
        if (phase === 'active') return body;
        if (phase === 'assigned' || phase === 'activating') {
          await say('new-connection-established', 'client-1', { client_id: 'client-1', server_id, epoch });
        }
        return undefined;
      },
      { what: `active at epoch ${fromEpoch}`, everyMs: 200 },
    );
  /** A busy machine may not give the facts in the time that the controller has for them. */
  const explained = (at?: string) =>
    waitFor(
      async () => {
        const query = at === undefined ? '' : `?at=${encodeURIComponent(at)}`;
        const { status, body } = await world.get(`${PATH}/explain${query}`);
        if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
        return body.causes[0].evidence[0].data === undefined ? undefined : body;
      },
      { what: 'an explanation with the fact that it begins with' },
    );
  const moments: string[] = [];

  it('says who asked for a link, with the request as it stands in the log', async () => {
    await say('connection-request', 'client-1', {
      kind: 'link',
      client_id: 'client-1',
      server_group: 'scheme',
    });
    ({ epoch } = await established(1));
    const said = await explained();
    expect(said).toMatchObject({
      connection_id: LINK,
      phase: 'active',
      server_id: 'server-1',
      complete: true,
    });
    expect(said.first_cause).toMatchObject({ reason: 'requested' });
    expect(said.causes[0].evidence[0]).toMatchObject({
      type: 'connection-request',
      topic: world.topic('connectionStatus'),
      agent_id: 'client-1',
      data: { server_group: 'scheme' },
    });
    expect(said.causes[0].candidates.map(({ agent_id }: { agent_id: string }) => agent_id)).toContain(
      'server-2',
    );
    moments.push(new Date().toISOString());
  });

  it('names the server that was killed, and the fact that says so', async () => {
    fleet.delete('server-1');
    await say('connection-lost', 'client-1', {
      epoch,
      reason: 'peer-reset',
      observed_by: 'client-sidecar',
    });
    const lost = epoch;
    ({ epoch } = await established(epoch + 1));
    const said = await explained();
    expect(said.first_cause).toMatchObject({
      reason: 'server-lost',
      detail: 'peer-reset',
      agent_id: 'server-1',
    });
    expect(said.summary).toMatch(
      /^client-1:primary is active on server-2 since .*, because the connection to server-1 was reset/,
    );
    const [decided, completed] = said.causes;
    expect(decided.evidence[0].data).toMatchObject({ reason: 'peer-reset', epoch: lost });
    expect(decided.commands).toMatchObject([
      { name: 'accept-client', outcome: 'succeeded' },
      { name: 'connect' },
      {},
    ]);
    expect(Object.keys(completed.times).sort()).toEqual(['active_at', 'decided_at', 'detected_at']);
    moments.push(new Date().toISOString());
  });

  it('names the operator who drained the server, and why', async () => {
    server('server-1', 0);
    await report();
    const url = `${world.url}/api/v1/agents/server-2/drain`;
    await waitFor(async () => (await postJson(url, { reason: 'upgrade' }, TOKEN)).status === 202);
    const draining = await until(['draining', 'stopping'], epoch);
    expect(draining.server_id).toBe('server-2');
    const said = await explained();
    expect(said.first_cause).toMatchObject({
      reason: 'agent-draining',
      detail: 'upgrade',
      agent_id: 'server-2',
    });
    const command = said.causes
      .flatMap(({ commands }: Step) => commands)
      .find(({ name }: Named) => name === 'drain');
    await say('command-succeeded', 'client-1', { command_id: command.command_id, epoch });
    const stop = await waitFor(async () =>
      (await explained()).causes.at(-1).commands.find(({ name }: Named) => name === 'disconnect'),
    );
    await say('command-succeeded', 'client-1', { command_id: stop.command_id, epoch });
    ({ epoch } = await established(epoch + 1));
    expect((await explained()).first_cause).toMatchObject({ reason: 'agent-draining', agent_id: 'server-2' });
  });

  it('says why a degraded link is left where it is, and why a move that swallowed requests call for is held back', async () => {
    const terms = { rtt: 20, response: 20 };
    await say('connection-degraded', 'client-1', { epoch, health_score: 66, terms });
    await until(['degraded'], epoch);
    const left = await explained();
    expect(left.first_cause).toMatchObject({ reason: 'degraded', detail: 'rtt −20, response −20' });
    expect(left.why_not[0].question).toBe(`Why is the degraded link left on ${left.server_id}?`);
    const settings = { blast_free_links: 0, blast_share: 0 };
    const url = `${world.url}/api/v1/policies/tight`;
    const put = await fetch(url, {
      method: 'PUT',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` },
      body: JSON.stringify({ settings, server_group: 'scheme', version: 0, reason: 'test' }),
    });
    expect([put.status, await put.text()]).toEqual([202, expect.any(String)]);
    await waitFor(async () => (await world.get('/policies/tight')).status === 200);
    await say('connection-degraded', 'client-1', {
      epoch,
      health_score: 30,
      terms: { unanswered: 60 },
      unanswered_ratio: 0.6,
    });
    const held = await waitFor(async () => {
      const said = await explained();
      return said.why_not.some(({ reason }: { reason: string }) => reason === 'blast-radius')
        ? said
        : undefined;
    });
    expect(held.why_not[0]).toMatchObject({
      question: 'Why is the failover not made?',
      answer: expect.stringContaining('until an operator approves'),
      policy: 'tight',
    });
  });

  it('explains a past moment as it was then, to the word', async () => {
    const [first, second] = moments;
    const [then, later] = [await explained(first), await explained(second)];
    expect([then.at, then.server_id, then.first_cause.reason]).toEqual([first, 'server-1', 'requested']);
    expect([later.at, later.server_id, later.first_cause.reason]).toEqual([
      second,
      'server-2',
      'server-lost',
    ]);
    const before = await world.get(`${PATH}/explain?at=2020-01-01T00:00:00Z`);
    expect([before.status, before.body.code]).toEqual([404, 'connection-not-found']);
    for (const at of ['2999-01-01T00:00:00Z', 'yesterday']) {
      const answer = await world.get(`${PATH}/explain?at=${at}`);
      expect([answer.status, answer.body.code]).toEqual([400, 'invalid-parameter']);
    }
  });

  it('has ledgers whose times anyone can recompute from the log', async () => {
    const told = await ledgersOf(world.url, undefined, 0);
    expect(told.ledgers.length).toBeGreaterThan(1);
    const ledgers = new Ledgers();
    await verifyKafka({ log: world.log, regions: world.regions }, { ledgers });
    const { moves, differences } = ledgers.report(told);
    expect(differences).toEqual([]);
    expect(moves.map(({ reason }) => reason)).toEqual(
      expect.arrayContaining(['server-lost', 'agent-draining']),
    );
  });
});
