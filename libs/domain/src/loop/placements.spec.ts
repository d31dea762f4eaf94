import type * as link from '../link/index.ts';
import type { Aggregate } from './aggregate.ts';
import { PlacementLedger } from './placements.ts';

const placed = (server_id: string): Aggregate =>
  ({
    kind: 'link',
    state: {
      placement: { client_id: 'client-1', server_id },
      request: { link_group: 'g' },
    } as link.LinkState,
  }) as Aggregate;

describe('the ledger of placements', () => {
  it('forgets an agent that reports no more, with the last that is placed on it', () => {
    const ledger = new PlacementLedger();
    ledger.change('client-1:a', undefined, placed('server-1'));
    ledger.report('server-1', new Map([['client-2:b', 'g']]));
    expect(ledger.agents).toBe(2);
    ledger.gone('server-1');
    expect(ledger.linkGroupsOn('server-1')).toEqual({ g: 1 });
    ledger.change('client-1:a', placed('server-1'), undefined);
    for (const agent of ['client-1', 'server-1', 'stranger']) ledger.gone(agent);
    expect(ledger.agents).toBe(0);
  });
});
