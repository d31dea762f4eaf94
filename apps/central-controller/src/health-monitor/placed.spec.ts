import type { Placement } from '#libs/contracts';
import type { FollowedDecision } from '#libs/log';
import { linkDecision, reservationDecision } from '../../../../test/support/decisions.ts';
import { PlacedFold } from './placed.ts';

const LINK = 'bank-client-1:primary';
const PLACEMENT: Placement = {
  epoch: 1,
  client_id: 'bank-client-1',
  client_incarnation: 'c',
  server_id: 'scheme-server-1',
  server_incarnation: 's',
  server_region: 'west',
  address: 'a:1',
  leased: true,
  server_lease_ms: 60_000,
};
const decision = (name: string, data: object) => ({ name, data }) as FollowedDecision;

describe('what the monitor folds from the logs', () => {
  it('is who is placed where, until a decision on that link says otherwise', () => {
    const fold = new PlacedFold('west');
    fold.take(decision('connection-assigned', linkDecision(LINK, 1, { placement: PLACEMENT })));
    expect([...(fold.livesPlaced().get('scheme-server-1') ?? [])]).toEqual([['s', 60_000]]);
    // The peer's own word under the connection's id, and a region's setting, say nothing of the placement.
    fold.take(decision('server-reserved', reservationDecision(LINK, 1)));
    fold.take(decision('freeze-changed', { control_region: 'west', version: 1 }));
    expect(fold.isPlaced(LINK)).toBe(true);
    fold.take(decision('connection-ended', linkDecision(LINK, 2)));
    expect(fold.placed).toBe(0);
  });

  it('is which agents of the region are lost or drain, the latest of them', () => {
    const fold = new PlacedFold('west', 2);
    const said = (name: string, agent_id: string, control_region = 'west') =>
      fold.take(decision(name, { agent_id, incarnation: 'i', control_region }));
    said('agent-lost', 'back');
    said('agent-recovered', 'back');
    said('agent-lost', 'elsewhere', 'east');
    for (const agent of ['long-ago', 'lost']) said('agent-lost', agent);
    said('agent-draining', 'draining');
    expect(['back', 'elsewhere', 'long-ago'].map((agent) => fold.agent(agent))).toEqual(
      Array(3).fill(undefined),
    );
    expect(fold.agent('lost')).toEqual({ incarnation: 'i', condition: 'lost' });
    expect(fold.agent('draining')).toEqual({ incarnation: 'i', condition: 'draining' });
  });

  it('is which brokers of the own region have something of a session, until that is over', () => {
    const fold = new PlacedFold('west', 2);
    const leg = (broker_id: string, incarnation: string, region: string) => ({
      broker_id,
      incarnation,
      region,
    });
    const session = { kind: 'session', connection_id: 'ses_0123456789abcdefghij', status: 'active' };
    const ends = { controller: leg('broker-us-1', 'u', 'east'), placement: leg('broker-in-3', 'i', 'west') };
    fold.take(decision('connection-activated', { ...session, ...ends }));
    expect([...fold.livesPlaced()]).toEqual([['broker-in-3', new Map([['i', undefined]])]]);
    fold.take(decision('connection-ended', { ...session, ...ends, status: 'closed' }));
    expect(fold.livesPlaced().size).toBe(0);
  });
});
