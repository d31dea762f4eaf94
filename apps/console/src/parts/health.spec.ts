import { healthOfAgent, healthOfConnection, healthOfScore, worseHealth } from './health.ts';

describe('the health of a score', () => {
  it('changes where the health monitor changes its mind', () => {
    expect([undefined, 0, 59.9, 60, 79, 80, 100].map(healthOfScore)).toEqual([
      'idle',
      'bad',
      'bad',
      'warn',
      'warn',
      'ok',
      'ok',
    ]);
  });
});

describe('the health of a connection', () => {
  it('is that of what it does, before that of its score', () => {
    expect(healthOfConnection({ status: 'failed', health_score: 100 })).toBe('bad');
    expect(healthOfConnection({ status: 'migrating', health_score: 100 })).toBe('warn');
    expect(healthOfConnection({ status: 'active', phase: 'degraded', health_score: 90 })).toBe('warn');
    expect(healthOfConnection({ status: 'active', phase: 'active', health_score: 59 })).toBe('warn');
    expect(healthOfConnection({ status: 'active', phase: 'active' })).toBe('ok');
    expect(healthOfConnection({ status: 'requested' })).toBe('idle');
    expect(healthOfConnection({ status: 'closed', health_score: 100 })).toBe('idle');
  });
});

describe('the health of an agent', () => {
  it('is bad once it is lost, and asks for attention when it is suspect or drains', () => {
    expect(healthOfAgent({ status: 'lost', health_score: 100 })).toBe('bad');
    expect(healthOfAgent({ status: 'suspect' })).toBe('warn');
    expect(healthOfAgent({ status: 'alive', draining: true })).toBe('warn');
    expect(healthOfAgent({ status: 'alive', health_score: 20 })).toBe('warn');
    expect(healthOfAgent({ status: 'alive' })).toBe('ok');
  });
});

describe('the worse of two', () => {
  it('is the same whichever comes first', () => {
    expect(worseHealth('ok', 'bad')).toBe('bad');
    expect(worseHealth('bad', 'ok')).toBe('bad');
    expect(worseHealth('idle', 'ok')).toBe('ok');
  });
});
