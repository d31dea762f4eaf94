import { hrefOf, parseRoute, sectionOf } from './router.ts';

describe('the address', () => {
  it.each([
    ['', { name: 'overview', query: {} }],
    ['#/', { name: 'overview', query: {} }],
    ['#/?at=2026-01-01T00:00:00Z', { name: 'overview', query: { at: '2026-01-01T00:00:00Z' } }],
    ['#/connections', { name: 'connections', query: {} }],
    ['#/connections?status=failed&q=a%20b', { name: 'connections', query: { status: 'failed', q: 'a b' } }],
    ['#/connections?status=', { name: 'connections', query: {} }],
    ['#/connections/bank-client-1%3Aprimary', { name: 'connection', id: 'bank-client-1:primary', query: {} }],
    ['#/connections/bank-client-1:primary', { name: 'connection', id: 'bank-client-1:primary', query: {} }],
    ['#/failovers/a%3Ab~3?at=x', { name: 'failover', id: 'a:b~3', query: { at: 'x' } }],
    ['#/agents/scheme-server-1', { name: 'agent', id: 'scheme-server-1', query: {} }],
    ['#/dead-letters', { name: 'dead-letters', query: {} }],
  ])('%s is read', (hash, route) => {
    expect(parseRoute(hash)).toEqual(route);
  });

  it.each([
    '#/nothing',
    '#/connection',
    '#/health/x',
    '#/agents/',
    '#/agents/%E0%A4%A',
    '#/__proto__/x',
    '#/constructor',
  ])('%s names no page', (hash) => {
    expect(parseRoute(hash).name).toBe('not-found');
  });

  it.each([
    ['connection', 'a/b?c#d:é', { at: '2026-01-01T00:00:00+02:00' }],
    ['agents', undefined, { kind: 'broker', q: '100% & more' }],
    ['overview', undefined, {}],
    ['failover', 'x~1', {}],
  ] as const)('of %s %s is read as it was written', (name, id, query) => {
    expect(parseRoute(hrefOf(name, id, query))).toEqual({ name, ...(id !== undefined && { id }), query });
  });

  it('leaves out what says nothing', () => {
    expect(hrefOf('connections', undefined, { status: '', kind: undefined, q: 'x' })).toBe(
      '#/connections?q=x',
    );
  });

  it('of one thing belongs to the list of such things', () => {
    expect([sectionOf('connection'), sectionOf('failover'), sectionOf('health')]).toEqual([
      'connections',
      'failovers',
      'health',
    ]);
  });
});
