import type * as link from '../link/index.ts';
import type { Aggregate } from './aggregate.ts';
import { BlastCounter } from './blast.ts';

const AT_MS = 1_000_000_000;
const CAUSE = 'scheme/servers-lost';

function linkOf(
  moves: readonly [atMs: number, cause?: string][] = [],
  over: Partial<link.LinkState> = {},
): Aggregate {
  const state = {
    phase: 'active',
    request: { client_id: 'c', server_group: 'scheme' },
    moves: moves.map(([atMs, cause = CAUSE]) => ({ atMs, cause })),
    ...over,
  };
  return { kind: 'link', state: state as link.LinkState };
}

describe('what the blast radius goes by', () => {
  const at = (counter: BlastCounter, nowMs: number, cause = CAUSE) =>
    counter.blast(cause, 'scheme', 60_000, nowMs);

  it('counts the links of a server group that live', () => {
    const counter = new BlastCounter();
    const one = linkOf();
    counter.change(undefined, one);
    counter.change(undefined, linkOf([], { request: { client_id: 'c', server_group: 'other' } }));
    expect(at(counter, AT_MS)).toEqual({ moved: 0, links: 1 });
    counter.change(one, linkOf([], { phase: 'ended' }));
    expect(at(counter, AT_MS).links).toBe(0);
  });

  it('counts a link once for a cause, at its latest move, for as long as the window', () => {
    const counter = new BlastCounter();
    const once = linkOf([[AT_MS]]);
    const twice = linkOf([[AT_MS], [AT_MS + 30_000]]);
    counter.change(undefined, once);
    counter.change(once, twice);
    counter.change(undefined, linkOf([[AT_MS, 'scheme/degraded']]));
    expect(at(counter, AT_MS + 40_000)).toEqual({ moved: 1, links: 2 });
    expect(at(counter, AT_MS + 40_000, 'scheme/degraded').moved).toBe(1);
    expect(at(counter, AT_MS + 90_000).moved).toBe(1);
    expect(at(counter, AT_MS + 91_000).moved).toBe(0);
  });

  it('is the same for whoever folds the states, and takes back what was only speculated', () => {
    const [counter, later] = [new BlastCounter(), new BlastCounter()];
    const [before, after] = [linkOf(), linkOf([[AT_MS]])];
    counter.change(undefined, before);
    counter.change(before, after);
    later.change(undefined, after);
    expect(at(later, AT_MS)).toEqual(at(counter, AT_MS));
    counter.change(after, before);
    expect(at(counter, AT_MS)).toEqual({ moved: 0, links: 1 });
    later.change(after, undefined);
    expect(at(later, AT_MS)).toEqual({ moved: 0, links: 0 });
  });

  it('knows nothing of what is no link', () => {
    const counter = new BlastCounter();
    counter.change(undefined, { kind: 'agent', state: {} as never });
    expect(at(counter, AT_MS)).toEqual({ moved: 0, links: 0 });
  });
});
