import { figuresOf, gistOf } from './decision-words.ts';

describe('the gist of a decision', () => {
  it('is what its data names', () => {
    const data = {
      phase: 'activating',
      status: 'migrating',
      reason: 'server-lost',
      epoch: 3,
      server_id: 'scheme-server-2',
    };
    expect(gistOf({ data })).toEqual({
      phase: 'activating',
      status: 'migrating',
      reason: 'server-lost',
      epoch: 3,
      place: 'scheme-server-2',
      health: 'warn',
    });
  });

  it('leaves out what is not there, or is of another type', () => {
    expect(gistOf({ data: { epoch: '3', server_id: '', reason: 7 } })).toEqual({ health: 'idle' });
  });

  it('names the broker of a session, not its target', () => {
    expect(gistOf({ data: { broker_id: 'broker-us-1', server_id: 'target' } }).place).toBe('broker-us-1');
  });
});

describe('figures', () => {
  it('are said with their names, and lengths of time as such', () => {
    expect(figuresOf({ moves: 3, window_ms: 600_000, 'server-group': 'scheme' })).toBe(
      'moves 3, window 10 min, server group scheme',
    );
  });
});
