import type { EventView } from '#libs/registry';
import { eventsOf } from '../../libs/domain/testing/explained.ts';
import { Scenario } from '../../libs/domain/testing/scenario.ts';

/** The decisions on a link whose server was killed a minute after it stood, as the registry keeps them. */
export function killedServer(): EventView[] {
  const given = new Scenario().server('server-1').server('server-2', { carried: 5 }).active().pass(60_000);
  given.lost('client', 'peer-reset');
  given.pass(8).established();
  return eventsOf(given) as unknown as EventView[];
}
