import type { Action } from '../context.ts';
import type { Freeze } from '../freeze.ts';
import type { Agent, Connection, Failover } from '../model.ts';
import { callOf, textsOf } from './action-texts.ts';

const NOW_MS = Date.parse('2026-01-01T12:00:00Z');
const CHOICES = { planned: true, force: false, minutes: 60 };
const connection = { connection_id: 'bank-1:a', server_id: 'scheme-1', epoch: 4 } as Connection;
const agent = { agent_id: 'scheme-1', connections: 2 } as Agent;
const failover = { failover_id: 'bank-1:a~4', suppressed: { cause: 'scheme/servers-lost' } } as Failover;
const freeze: Freeze = { control_region: 'east', frozen: true, regions: [] };

describe('what an operator asks for', () => {
  it.each<[Action, string, object]>([
    [{ kind: 'failover', connection }, '/connections/bank-1%3Aa/failover', { epoch: 4, planned: true }],
    [{ kind: 'drain', agent }, '/agents/scheme-1/drain', {}],
    [{ kind: 'approve', failover }, '/failovers/bank-1%3Aa~4/approve', {}],
    [{ kind: 'freeze' }, '/freeze', { until: '2026-01-01T13:00:00.000Z' }],
    [{ kind: 'unfreeze', freeze }, '/freeze', { until: '2026-01-01T11:59:59.000Z' }],
  ])('$kind is one call, with the reason', (action, path, body) => {
    expect(callOf(action, 'why', CHOICES, NOW_MS)).toEqual({ path, body: { reason: 'why', ...body } });
  });

  it('names the epoch that was seen, so that nothing moves twice', () => {
    const call = callOf(
      { kind: 'failover', connection },
      'x',
      { ...CHOICES, planned: false, force: true },
      NOW_MS,
    );
    expect(call.body).toEqual({ reason: 'x', epoch: 4, force: true });
  });

  it('is told before it is asked: what it is done to, and what follows', () => {
    expect(textsOf({ kind: 'failover', connection }).message).toContain('scheme-1 under epoch 4');
    expect(textsOf({ kind: 'drain', agent }).message).toMatch(/^2 connections will leave/);
    expect(textsOf({ kind: 'approve', failover }).message).toContain('scheme/servers-lost');
  });
});
