import { emptyWorld, foldEvent } from '../apps/console/src/state/fold.ts';
import { HISTORY_MEMBERS } from '../libs/registry/src/row-members.ts';

/** The page has no lib in it, so nothing but this holds what it folds against what the registry does. */
it("the console takes from a decision just what makes up a connection's row in the registry", () => {
  const said = Object.fromEntries(HISTORY_MEMBERS.map((member) => [member, `some ${member}`]));
  const decided_at = '2026-01-01T00:00:00.000Z';
  const data = { ...said, connection_id: 'c:1', kind: 'link', epoch: 3, version: 5, decided_at, reason: 'x' };
  const world = emptyWorld();
  foldEvent(world, {
    ...{ event_id: 'e', type: 'failover-decided', time: '2026-01-01T00:00:09.000Z', region: 'east' },
    ...{ partition: 0, offset: 0, connection_id: 'c:1', data },
  });
  expect(world.connections.get('c:1')).toEqual({
    ...said,
    ...{ connection_id: 'c:1', kind: 'link', epoch: 3, version: 5, updated_at: decided_at },
  });
});
