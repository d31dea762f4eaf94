import { line, Scenario } from './scenario.ts';

/** What specs of held-back moves say again and again. */

/** RFC 3339: so many milliseconds from the scenario's present. */
export const until = (given: Scenario, ms: number): string => new Date(given.nowMs + ms).toISOString();
/** A link that is active on the first of two servers. */
export const active = (): Scenario =>
  new Scenario().server('server-1').server('server-2', { carried: 5 }).active();
/** A link of client-1 on server-1, with a DR client that is well and server-2 to go to. */
export function activeWithDr(): Scenario {
  const given = new Scenario().dr().server('server-1').server('server-2', { carried: 5 });
  given.request({ dr_client_id: 'dr-1' });
  given.established();
  return given;
}
/** What the last decision says. */
export const last = (given: Scenario) => given.decisions.at(-1)?.data;
/** The client loses the server. */
export const lose = (given: Scenario): string => line(given.lost('client', 'peer-reset'));
export const degrade = (given: Scenario, how: object): string =>
  line(given.tell('connection-degraded', { epoch: given.known().epoch, ...how }));
