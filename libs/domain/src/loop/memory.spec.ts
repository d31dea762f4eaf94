import type { Fact, FactInput } from '../decider.ts';
import { EMPTY_FLEET } from '../fleet.ts';
import { AGENTS_REMEMBERED, isSilent, NO_MEMORY, remember } from './memory.ts';

function input(
  name: 'agent-silent' | 'agent-drain-requested' | 'agent-returned',
  incarnation: string,
  agent_id = 'scheme-server-1',
): FactInput {
  const data = { agent_id, incarnation, reason: 'upgrade', requested_by: 'operator' };
  return {
    kind: 'fact',
    fact: { name, data, id: '1', source: '/test', timeMs: 0 } as Fact,
    origin: { topic: 'west.connection-status', partition: 0, offset: 0 },
    region: 'west',
    ownRegion: 'east',
    nowMs: 0,
    fleet: EMPTY_FLEET,
  };
}

describe('what a partition remembers of agents', () => {
  it('keeps the lives that were declared silent, the latest few', () => {
    let memory = NO_MEMORY;
    for (const life of ['a', 'b', 'c', 'd', 'e']) memory = remember(memory, input('agent-silent', life));
    expect(isSilent(memory, 'scheme-server-1', 'e')).toBe(true);
    expect(isSilent(memory, 'scheme-server-1', 'b')).toBe(true);
    expect(isSilent(memory, 'scheme-server-1', 'a')).toBe(false);
    expect(isSilent(memory, 'scheme-server-2', 'e')).toBe(false);
  });

  it('is the same value when nothing changes, so that nobody takes it for a change', () => {
    const memory = remember(NO_MEMORY, input('agent-silent', 'a'));
    expect(remember(memory, input('agent-silent', 'a'))).toBe(memory);
    expect(remember(memory, input('agent-returned', 'b'))).toBe(memory);
    expect(remember(memory, { kind: 'time', nowMs: 1, fleet: EMPTY_FLEET })).toBe(memory);
  });

  it('lets a life count again that was declared silent and is heard again: a broker has no lease', () => {
    let memory = remember(NO_MEMORY, input('agent-silent', 'a', 'broker-in-3'));
    memory = remember(memory, input('agent-silent', 'b', 'broker-in-3'));
    memory = remember(memory, input('agent-returned', 'a', 'broker-in-3'));
    expect([isSilent(memory, 'broker-in-3', 'a'), isSilent(memory, 'broker-in-3', 'b')]).toEqual([
      false,
      true,
    ]);
  });

  it('forgets the agent that was silent the longest ago when there are too many', () => {
    let memory = NO_MEMORY;
    for (let index = 0; index <= AGENTS_REMEMBERED; index += 1) {
      memory = remember(memory, input('agent-silent', 'a', `pod-${index}`));
    }
    expect(Object.keys(memory.silent)).toHaveLength(AGENTS_REMEMBERED);
    expect([isSilent(memory, 'pod-0', 'a'), isSilent(memory, `pod-${AGENTS_REMEMBERED}`, 'a')]).toEqual([
      false,
      true,
    ]);
  });

  it('keeps which life was asked to drain', () => {
    expect(remember(NO_MEMORY, input('agent-drain-requested', 'a')).draining).toEqual({
      'scheme-server-1': 'a',
    });
  });
});

describe('what a partition remembers of settings', () => {
  const setting = (control_region: string, setting_version: number): FactInput => {
    const { fact, ...rest } = input('agent-silent', 'a');
    const data = { control_region, requested_by: 'operator', setting_version, until: '2026-01-01T00:00:00Z' };
    return { ...rest, fact: { ...fact, name: 'freeze-requested', data } as Fact };
  };

  it('is of its own region only, the later of two, and the same value when nothing changes', () => {
    expect(remember(NO_MEMORY, setting('west', 1))).toBe(NO_MEMORY);
    const later = remember(NO_MEMORY, setting('east', 2));
    expect(later.settings?.freeze?.setting_version).toBe(2);
    expect(remember(later, setting('east', 1))).toBe(later);
    expect(remember(later, input('agent-silent', 'a')).settings).toBe(later.settings);
  });
});
