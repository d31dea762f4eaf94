import { goldenData } from '../../../test/support/golden.ts';
import { type DeadLetterReason, parseMessage } from './index.ts';

const changed = (name: string, changes: object): object => ({ ...goldenData(name), ...changes });

function without(name: string, member: string): object {
  const { [member]: _, ...rest } = goldenData(name);
  return rest;
}

type Case = [what: string, name: string, data: unknown, reason: DeadLetterReason, detail: string];

const BAD: Case[] = [
  [
    'a session as a link asks',
    'connection-request',
    changed('connection-request', { kind: 'session' }),
    'invalid-data',
    'controller_id',
  ],
  [
    'a kind that is none',
    'connection-request',
    changed('connection-request', { kind: 'constructor' }),
    'invalid-data',
    'kind must be one of',
  ],
  [
    "a session under a link's id",
    'target-attached',
    changed('target-attached', { connection_id: 'bank-client-1:primary' }),
    'invalid-data',
    'connection_id',
  ],
  [
    'a leg without its name',
    'controller-attached',
    without('controller-attached', 'attachment_id'),
    'invalid-data',
    'attachment_id',
  ],
  [
    'a round trip before it began',
    'target-attached',
    changed('target-attached', { probes: [{ broker_id: 'broker-in-3', rtt_ms: -1 }] }),
    'invalid-data',
    'probes.0.rtt_ms',
  ],
  [
    'round trips to too many brokers',
    'target-attached',
    changed('target-attached', { probes: Array(65).fill({ broker_id: 'broker-in-3', rtt_ms: 1 }) }),
    'invalid-data',
    'probes',
  ],
  [
    'a target that waits for more than a week',
    'target-attached',
    changed('target-attached', { survive_ms: 604_800_001 }),
    'invalid-data',
    'survive_ms',
  ],
  [
    'a relay closed by nobody',
    'relay-closed',
    changed('relay-closed', { closed_by: 'somebody' }),
    'invalid-data',
    'closed_by',
  ],
  [
    'a target rejected for no reason',
    'reject-target',
    changed('reject-target', { reason: 'bored' }),
    'invalid-data',
    'reason must be one of',
  ],
];

describe('parseMessage, of sessions', () => {
  it.each(BAD)('refuses %s', (_what, name, data, reason, detail) => {
    const answer = parseMessage(name, data);
    expect(answer).toMatchObject({ ok: false, reason });
    expect(answer).toMatchObject({ detail: expect.stringContaining(detail) });
  });

  it('takes a request for a session, which a link could not be asked for with', () => {
    const { attachment_id, broker_id, agent_id, incarnation, probes } = goldenData('controller-attached');
    const data = {
      connection_id: goldenData('controller-attached').connection_id,
      kind: 'session',
      controller_id: 'technician-7',
      expires_at: '2026-11-21T09:40:00.000Z',
      ...{ attachment_id, broker_id, agent_id, incarnation, probes },
    };
    expect(parseMessage('connection-request', data, 'east.connection-status')).toEqual({ ok: true, data });
    expect(parseMessage('connection-request', { ...data, kind: 'link' })).toMatchObject({
      reason: 'invalid-data',
    });
  });

  it('takes drain from both command topics, and no other command', () => {
    const parsed = (name: string) =>
      ['east.failover-commands', 'east.relay-commands'].map(
        (topic) => parseMessage(name, goldenData(name), topic).ok,
      );
    expect(parsed('drain')).toEqual([true, true]);
    expect(parsed('connect')).toEqual([true, false]);
    expect(parsed('open-relay')).toEqual([false, true]);
  });
});
