import { goldenData, goldenRecords } from '../../../test/support/golden.ts';
import { type DeadLetterReason, LIMITS, parseMessage, parseType } from './index.ts';

const changed = (name: string, changes: object): object => ({ ...goldenData(name), ...changes });

function without(name: string, member: string): object {
  const { [member]: _, ...rest } = goldenData(name);
  return rest;
}

const [connection] = goldenData('health-report').connections as object[];
const reportWith = (change: object): object =>
  changed('health-report', { connections: [{ ...connection, ...change }] });

type Case = [what: string, name: string, data: unknown, reason: DeadLetterReason, detail: string];

const BAD: Case[] = [
  ['a name nobody has', 'connection-lots', {}, 'unknown-type', 'connection-lots'],
  ['a name of Object.prototype', 'constructor', {}, 'unknown-type', 'constructor'],
  ['a foreign type', 'com.example.thing.v1', {}, 'unknown-type', 'com.example'],
  ['a type without a version', 'trunkline.connection-lost', {}, 'unknown-type', 'not known'],
  ['a later version', 'trunkline.connection-lost.v2', {}, 'unknown-version', 'version 1, not 2'],
  ['version 0', 'trunkline.connection-lost.v0', {}, 'unknown-version', 'version 1, not 0'],
  ['version 01', 'trunkline.connection-lost.v01', {}, 'unknown-version', 'version 1, not 01'],
  ['no data', 'connection-lost', undefined, 'invalid-data', 'must be an object'],
  ['null as data', 'connection-lost', null, 'invalid-data', 'must be an object'],
  ['a list as data', 'connection-lost', [], 'invalid-data', 'must be an object'],
  ['a text as data', 'connection-lost', 'x', 'invalid-data', 'must be an object'],
  [
    'a field missing',
    'connection-lost',
    without('connection-lost', 'epoch'),
    'invalid-data',
    'epoch must be',
  ],
  [
    'an optional field null',
    'connection-lost',
    changed('connection-lost', { client_id: null }),
    'invalid-data',
    'client_id must match',
  ],
  [
    'a number as text',
    'connection-lost',
    changed('connection-lost', { epoch: '1' }),
    'invalid-data',
    'epoch must be an integer',
  ],
  [
    'epoch 0',
    'connection-lost',
    changed('connection-lost', { epoch: 0 }),
    'invalid-data',
    'epoch must not be less than 1',
  ],
  [
    'an epoch past 2^53',
    'connection-lost',
    changed('connection-lost', { epoch: 2 ** 53 }),
    'invalid-data',
    'epoch',
  ],
  ['half an epoch', 'connection-lost', changed('connection-lost', { epoch: 1.5 }), 'invalid-data', 'epoch'],
  [
    'a reason that is none',
    'connection-lost',
    changed('connection-lost', { reason: 7 }),
    'invalid-data',
    'reason must be a string',
  ],
  [
    'an id with a blank',
    'connection-lost',
    changed('connection-lost', { connection_id: 'a b' }),
    'invalid-data',
    'connection_id',
  ],
  [
    'an id too long',
    'connection-lost',
    changed('connection-lost', { connection_id: 'a'.repeat(129) }),
    'invalid-data',
    'connection_id',
  ],
  [
    'an agent id with a colon',
    'connection-lost',
    changed('connection-lost', { agent_id: 'a:b' }),
    'invalid-data',
    'agent_id',
  ],
  [
    'an answer without its agent',
    'command-refused',
    without('command-refused', 'agent_id'),
    'invalid-data',
    'agent_id',
  ],
  [
    'an answer without its life',
    'command-refused',
    without('command-refused', 'incarnation'),
    'invalid-data',
    'incarnation',
  ],
  [
    'a score over 100',
    'connection-degraded',
    changed('connection-degraded', { health_score: 101 }),
    'invalid-data',
    'health_score',
  ],
  [
    'a term that is no number',
    'connection-degraded',
    changed('connection-degraded', { terms: { rtt: '5' } }),
    'invalid-data',
    'terms',
  ],
  [
    'metadata too large',
    'connection-request',
    changed('connection-request', { metadata: { a: 'é'.repeat(2100) } }),
    'invalid-data',
    'metadata',
  ],
  [
    'a reason too long',
    'connection-closed',
    changed('connection-closed', { reason: 'x'.repeat(513) }),
    'invalid-data',
    'reason',
  ],
  [
    'a flag as number',
    'failover-requested',
    changed('failover-requested', { planned: 1 }),
    'invalid-data',
    'planned',
  ],
  [
    'an address without a port',
    'connect',
    changed('connect', { address: 'localhost' }),
    'invalid-data',
    'address',
  ],
  [
    'a time that is none',
    'connect',
    changed('connect', { expires_at: 'soon' }),
    'invalid-data',
    'expires_at',
  ],
  [
    'a day that is none',
    'connect',
    changed('connect', { expires_at: '2026-02-30T00:00:00Z' }),
    'invalid-data',
    'expires_at',
  ],
  [
    'a report of too many',
    'health-report',
    changed('health-report', { connections: Array(501).fill(connection) }),
    'invalid-data',
    'connections',
  ],
  [
    'a report with a wrong part',
    'health-report',
    reportWith({ unanswered_ratio: 1.1 }),
    'invalid-data',
    'connections.0.unanswered_ratio',
  ],
  [
    'a report of null',
    'health-report',
    changed('health-report', { connections: [null] }),
    'invalid-data',
    'connections must hold objects',
  ],
  [
    'a report of lists',
    'health-report',
    changed('health-report', { connections: [[connection]] }),
    'invalid-data',
    'connections must hold objects',
  ],
];

describe('parseMessage', () => {
  it.each(goldenRecords())(
    'takes the golden $file, by short name and by type, and gives the same object',
    ({ name, data, topic, headers }) => {
      expect(parseMessage(name, data, topic)).toEqual({ ok: true, data });
      expect((parseMessage(headers.ce_type ?? '', data, topic) as { data: object }).data).toBe(data);
    },
  );

  it.each(BAD)('refuses %s', (_what, name, data, reason, detail) => {
    const answer = parseMessage(name, data);
    expect(answer).toMatchObject({ ok: false, reason });
    expect(answer).toMatchObject({ detail: expect.stringContaining(detail) });
  });

  it.each([
    [
      'a reason for a loss that only its writer knows',
      'connection-lost',
      changed('connection-lost', { reason: 'route-withdrawn' }),
    ],
    ['a report that says no interval', 'health-report', without('health-report', 'interval_ms')],
  ])('takes %s', (_what, name, data) => {
    expect(parseMessage(name, data)).toEqual({ ok: true, data });
  });

  it('keeps members that it does not know', () => {
    const data = changed('connection-lost', { added_later: { deep: [1] }, constructor: 1 });
    expect(parseMessage('connection-lost', data)).toEqual({ ok: true, data });
  });

  it('refuses a message on a topic that is not its own', () => {
    const data = goldenData('connect');
    expect(parseMessage('connect', data, 'east.connection-status')).toMatchObject({ reason: 'wrong-topic' });
    expect(parseMessage('writer-claimed', {}, 'east.connection-status')).toMatchObject({
      reason: 'wrong-topic',
    });
  });

  it('says where it hurts without repeating what was written, and within bounds', () => {
    const canary = '4111111111111111';
    const answers = [
      parseMessage('connection-lost', changed('connection-lost', { reason: canary, epoch: canary })),
      parseMessage(
        'health-report',
        changed('health-report', {
          connections: Array(500).fill({ [canary]: canary, connection_id: canary.repeat(10) }),
        }),
      ),
    ];
    for (const answer of answers) {
      expect(JSON.stringify(answer)).not.toContain(canary);
      expect(answer).toMatchObject({ ok: false, detail: expect.any(String) });
      expect((answer as { detail: string }).detail.length).toBeLessThanOrEqual(LIMITS.detailLength);
    }
    const named = parseMessage('x'.repeat(10_000), {}) as { detail: string };
    expect(named.detail.length).toBeLessThan(100);
  });
});

describe('parseType', () => {
  it('gives the short name', () => {
    expect(parseType('trunkline.agent-silent.v1')).toEqual({ ok: true, name: 'agent-silent' });
  });
});
