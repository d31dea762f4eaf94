import { eventsOf } from '../../testing/explained.ts';
import type { ServerOptions } from '../../testing/options.ts';
import { Scenario } from '../../testing/scenario.ts';
import { type Explanation, explain } from './index.ts';

function explained(given: Scenario): Explanation {
  const found = explain(eventsOf(given));
  if (found === undefined) throw new Error('nothing was decided');
  return found;
}

const link = (...servers: [string, ServerOptions?][]): Scenario => {
  const given = new Scenario();
  for (const [id, options] of servers) given.server(id, options);
  return given;
};
const two = (): Scenario =>
  link(['server-1'], ['server-2', { carried: 5 }])
    .active()
    .pass(60_000);
const withDr = (): Scenario => {
  const given = link(['server-1'], ['server-2', { carried: 5 }]).dr();
  given.request({ dr_client_id: 'dr-1' });
  given.established();
  return given.pass(60_000);
};
const types = ({ causes }: Explanation): string[] => causes.map(({ type, reason }) => `${type} (${reason})`);
const degrade = (given: Scenario, score: number, terms: object, more: object = {}) =>
  given.tell('connection-degraded', { epoch: given.known().epoch, health_score: score, terms, ...more });

describe('explain, of a link', () => {
  it('that was just requested, says who asked and where it went', () => {
    const said = explained(two());
    expect(said.first_cause).toMatchObject({ reason: 'requested', event_id: 'client-1:primary/1' });
    expect(types(said)).toEqual(['connection-assigned (requested)', 'connection-activated (established)']);
    expect(said.summary).toBe(
      'client-1:primary is active on server-1 since 2026-01-01T00:00:00.000Z, because client-1 asked for this link.',
    );
    expect(said).toMatchObject({ complete: true, why_not: [] });
  });

  it('whose server was killed, names the server and the reset', () => {
    const given = two();
    given.lost('client', 'peer-reset');
    given.pass(8).established();
    const said = explained(given);
    expect(said.first_cause).toMatchObject({
      reason: 'server-lost',
      detail: 'peer-reset',
      agent_id: 'server-1',
    });
    expect(types(said)).toEqual(['failover-decided (server-lost)', 'failover-completed (established)']);
    expect(said.causes[0]?.text).toBe(
      'The connection to server-1 was reset, as client-1 saw: its process was killed, or its machine dropped it: moved to server-2 under epoch 2.',
    );
    expect(said.causes[0]).toMatchObject({
      step: 1,
      rule: 'link/1',
      policy_version: 0,
      partition: 3,
      offset: 2,
      failover_id: 'client-1:primary~2',
      evidence: [{ type: 'connection-lost', topic: 'east.connection-status', offset: 2, event_id: 'f2' }],
      commands: [
        { name: 'accept-client', agent_id: 'server-2', outcome: 'succeeded' },
        { name: 'connect', agent_id: 'client-1', outcome: 'succeeded' },
        { name: 'stop-sending-to-client', agent_id: 'server-1' },
      ],
      times: {
        detected_at: '2026-01-01T00:01:00.000Z',
        decided_at: '2026-01-01T00:01:00.000Z',
        acknowledged_at: '2026-01-01T00:01:00.008Z',
      },
    });
    expect(said.causes[1]?.times.active_at).toBe('2026-01-01T00:01:00.008Z');
    expect(said.causes[0]?.candidates?.map(({ agent_id }) => agent_id)).toEqual(['server-2', 'server-1']);
  });

  it.each([
    ['client', 'keepalive-timeout', 'server-lost', 'server-1', /No keepalive of server-1 came back/],
    ['client', 'peer-closed', 'server-lost', 'server-1', /server-1 closed the connection/],
    ['server', 'backend-lost', 'server-lost', 'server-1', /no application behind it/],
    ['server', 'shutdown', 'server-lost', 'server-1', /server-1 shut down/],
    ['server', 'lease-lapsed', 'server-lost', 'server-1', /lost its lease/],
    ['server', 'peer-reset', 'client-lost', 'client-1', /connection to client-1 was reset, as server-1 saw/],
    ['client', 'application-closed', 'client-lost', 'client-1', /application of client-1 closed/],
    ['client', 'asleep', 'client-lost', 'client-1', /client-1 was asleep/],
  ] as const)('whose path the %s says is lost by %s: %s, at %s', (by, detail, reason, agent_id, text) => {
    const given = two();
    given.lost(by, detail);
    const said = explained(given);
    expect(said.first_cause).toMatchObject({ reason, detail, agent_id });
    expect(said.first_cause.text).toMatch(text);
  });

  it('whose way to its server was silent while both live, does not blame the client', () => {
    const given = two();
    given.lost('server', 'keepalive-timeout');
    expect(explained(given).first_cause).toMatchObject({ reason: 'client-lost', agent_id: 'client-1' });
    given.established();
    const { first_cause } = explained(given);
    expect(first_cause).toMatchObject({ reason: 'peer-lost', agent_id: 'server-1' });
    expect(first_cause.text).toContain('the way between them was cut');
  });

  it('whose server fell silent, says so', () => {
    const given = two();
    given.tell('agent-silent', { agent_id: 'server-1', incarnation: 'a' });
    expect(explained(given).first_cause).toMatchObject({ reason: 'agent-silent', agent_id: 'server-1' });
  });

  it('whose server swallows requests, names the share that stays unanswered, and the ends that were stopped', () => {
    const given = two();
    degrade(given, 40, { unanswered: 60 }, { unanswered_ratio: 0.54 });
    given.answer('disconnect', 'succeeded');
    given.established();
    const said = explained(given);
    expect(said.first_cause).toMatchObject({ reason: 'unanswered-requests', agent_id: 'server-1' });
    expect(said.first_cause.text).toContain('54 % of those due; unanswered −60');
    expect(types(said)).toEqual([
      'failover-started (unanswered-requests)',
      'failover-decided (unanswered-requests)',
      'failover-completed (established)',
    ]);
    expect(said.causes[0]?.commands.map(({ name, outcome }) => `${name} ${outcome}`)).toContain(
      'disconnect succeeded',
    );
    expect(said.causes[1]?.text).toBe('client-1 has done disconnect: moved to server-2 under epoch 2.');
  });

  it('whose server is drained, names who asked and why', () => {
    const given = two();
    const drain = { agent_id: 'server-1', incarnation: 'a', reason: 'upgrade', requested_by: 'ann' };
    given.tell('agent-drain-requested', drain);
    given.answer('drain', 'succeeded');
    const said = explained(given);
    expect(said.first_cause).toMatchObject({
      reason: 'agent-draining',
      detail: 'upgrade',
      agent_id: 'server-1',
    });
    expect(said.first_cause.text).toBe('server-1 is to be emptied, as ann asked, “upgrade”.');
    expect(said.summary).toContain('because server-1 is to be emptied');
  });

  it('whose server is drained while none else fits, says that it was left there, and that it still is to go', () => {
    const given = link(['server-1']).active();
    const drain = { agent_id: 'server-1', incarnation: 'a', reason: 'upgrade', requested_by: 'ann' };
    given.tell('agent-drain-requested', drain);
    const said = explained(given);
    expect(said.first_cause).toMatchObject({ reason: 'agent-draining', agent_id: 'server-1' });
    expect(said.why_not[0]).toMatchObject({
      question: 'Why has the link not left server-1 (agent-draining)?',
      answer: expect.stringContaining('No other agent fits: server-1 is '),
      reason: 'no-other-server',
    });
    given.server('server-2').pass(3_600_000).look();
    // The drain was asked for an hour ago: it still is the cause.
    expect(explained(given).first_cause).toMatchObject({ reason: 'agent-draining', detail: 'upgrade' });
  });

  it('that an operator moved, planned and not, names the operator and the reason', () => {
    for (const planned of [true, false]) {
      const given = two();
      given.tell('failover-requested', { reason: 'test of DR', requested_by: 'ann', planned });
      const said = explained(given);
      expect(said.first_cause).toMatchObject({ reason: 'operator-request', detail: 'test of DR' });
      expect(said.first_cause.text).toBe(
        `ann asked for ${planned ? 'a planned move' : 'a move'}, “test of DR”.`,
      );
    }
  });

  it("whose client's side died, says that the DR client carries it, and why the other does not", () => {
    const given = withDr();
    given.lost('client', 'shutdown');
    given.established();
    const said = explained(given);
    expect(said).toMatchObject({ client_id: 'dr-1', phase: 'active' });
    expect(said.first_cause).toMatchObject({
      reason: 'client-lost',
      detail: 'shutdown',
      agent_id: 'client-1',
    });
    expect(said.causes[0]?.text).toContain('carried by the DR client dr-1');
    expect(said.why_not[0]).toMatchObject({ question: 'Why does client-1 not carry the link again?' });
  });

  it('whose client died as its server saw, says that it was not heard since, until it is', () => {
    const given = withDr();
    given.lost('server', 'peer-reset');
    given.due();
    given.answer('stop-sending-to-client', 'succeeded');
    given.established();
    expect(explained(given)).toMatchObject({
      client_id: 'dr-1',
      first_cause: { reason: 'client-lost', agent_id: 'client-1' },
      why_not: [{ reason: 'client-lost', answer: 'client-1 was lost, and did not ask for the link since.' }],
    });
    given.client({ incarnation: 'c2' });
    given.request({ dr_client_id: 'dr-1', incarnation: 'c2' });
    expect(explained(given).why_not).toMatchObject([{ reason: 'failback' }]);
  });

  it('that goes back by itself, goes on to what had taken it away', () => {
    const given = withDr().policy({ failback: 'automatic', failback_after_ms: 60_000 });
    given.lost('client', 'shutdown');
    given.established();
    given.client({ incarnation: 'c2', wellSinceMs: given.nowMs });
    given.request({ dr_client_id: 'dr-1', incarnation: 'c2' });
    given.look();
    expect(given.known().failbackAtMs).toBeDefined();
    expect(explained(given).why_not[0]).toMatchObject({ reason: 'failback', until: expect.any(String) });
    given.due();
    expect(given.known().phase).toBe('draining');
    const said = explained(given);
    expect(said.first_cause).toMatchObject({ reason: 'client-lost', agent_id: 'client-1' });
    expect(said.causes.at(-1)).toMatchObject({ reason: 'failback' });
  });

  it.each([
    ['refused', { outcome: 'refused', reason: 'no-capacity' }, /peer west refused \(no-capacity\)/],
    ['away', { outcome: 'unreachable' }, /peer west could not be reached/],
    ['left alone', { outcome: 'circuit-open' }, /peer west was not asked/],
  ])('whose peer was asked and %s, says so and which way it went', (_how, answer, text) => {
    const given = two().withPeer();
    given.lost('client', 'peer-reset');
    given.peerAnswered(answer);
    const said = explained(given);
    expect(said.first_cause).toMatchObject({ reason: 'server-lost', agent_id: 'server-1' });
    expect(said.causes[0]?.text).toContain('west was asked for a server');
    expect(said.causes[1]?.text).toMatch(text);
    expect(said.causes[1]?.text).toContain('the failover target was taken instead');
    expect(said.why_not).toMatchObject([
      { question: 'Why did west not choose the server?', reason: answer.outcome },
    ]);
  });

  it('whose peer did not answer in time, says so; whose peer named a server, has nothing to add', () => {
    const given = two().withPeer();
    given.lost('client', 'peer-reset');
    given.due();
    expect(explained(given).causes[1]?.text).toMatch(
      /^The peer west did not answer in time: moved to server-2/,
    );
    const other = two().withPeer();
    other.lost('client', 'peer-reset');
    other.peerAnswered({ server_id: 'server-2' });
    expect(explained(other).causes[1]?.text).toContain('the server that it named was taken (west assigned)');
    expect(explained(other).why_not).toEqual([]);
  });

  it('whose commands nobody answers, says so of each attempt and keeps the first cause', () => {
    const given = two();
    given.lost('client', 'peer-reset');
    given.due();
    const said = explained(given);
    expect(said.first_cause).toMatchObject({ reason: 'server-lost' });
    expect(said.causes[0]?.commands).toMatchObject([
      { outcome: 'unanswered' },
      { outcome: 'unanswered' },
      {},
    ]);
    expect(said.causes.at(-1)?.text).toMatch(/^The time for an answer passed/);
  });

  it('that its client gave up, has that as its cause, whatever came before', () => {
    const given = two();
    given.lost('client', 'peer-reset');
    given.established();
    const { epoch, client } = given.known();
    const closed = { epoch, reason: 'bye', agent_id: 'client-1', incarnation: client.incarnation };
    given.tell('connection-closed', closed);
    const said = explained(given);
    expect(said).toMatchObject({ status: 'closed', why_not: [] });
    expect(said.first_cause).toMatchObject({ reason: 'closed-by-client', detail: 'bye' });
    expect(types(said)).toEqual(['connection-ended (closed-by-client)']);
  });

  it('of which the first decisions are missing, says that it does not know the first cause', () => {
    const given = two();
    given.lost('client', 'peer-reset');
    given.established();
    const [last] = eventsOf(given).slice(-1);
    expect(explain(last ? [last] : [])).toMatchObject({ complete: false });
    expect(explain([])).toBeUndefined();
  });

  it('is tried again and again, tells the first attempts and the last ones, and how many lie between', () => {
    const given = link(['server-1']).active();
    given.lost('client', 'peer-reset');
    for (let turn = 0; turn < 60; turn += 1) given.due();
    const said = explained(given);
    expect(said.causes).toHaveLength(50);
    expect(said.causes[0]).toMatchObject({ step: 1, type: 'failover-failed' });
    expect(said.causes.at(-1)?.step).toBe(50 + (said.omitted ?? 0));
    expect(said.first_cause).toMatchObject({ reason: 'server-lost' });
  });
});
