import type { judgement } from '../src/index.ts';
import type { Scenario } from './scenario.ts';

/** What operators set, and what it holds back: ways for the table of states, and inputs. */

type Way = (start: Scenario) => unknown;

const SETTINGS: ReadonlySet<string> = new Set([
  'policy-change-requested',
  'freeze-requested',
  'failover-approved',
]);
/** Whether a fact is on one connection, by its name. */
export const isOnConnection = (name: string): boolean => !name.startsWith('agent-') && !SETTINGS.has(name);

const tight = { damping_max_moves: 1, agent_max_restarts: 1 };
const none = { blast_free_links: 0, blast_share: 0 };

/** One unplanned move, and no more; one restart of a server, and it is left out. */
export const damping: Way = (given) => given.policy(tight);
/** No unplanned move without an operator. */
export const blast: Way = (given) => given.policy(none);
/** No planned moves for a minute. */
export const freeze: Way = (given) => given.set('freeze-requested', { until: until(given, 60_000) });
export const flaps =
  (id: string): Way =>
  (given) =>
    given.server(id, { restartsMs: [given.nowMs] });

const until = (given: Scenario, ms: number): string => new Date(given.nowMs + ms).toISOString();

/** What may be set at any time. */
export function* settings(given: Scenario): Iterable<[judgement.SettingFact['name'], object]> {
  const policy = { policy: 'tight', server_group: 'scheme' };
  for (const damping_window_ms of [1_000, 600_000]) {
    yield ['policy-change-requested', { ...policy, settings: { ...tight, ...none, damping_window_ms } }];
  }
  yield ['policy-change-requested', { ...policy, settings: {} }];
  for (const ms of [0, 60_000, 120_000]) yield ['freeze-requested', { until: until(given, ms) }];
  for (const cause of ['scheme/servers-lost', 'scheme/unanswered-requests']) {
    for (const ms of [-1, 60_000]) {
      yield ['failover-approved', { failover_id: 'f', cause, until: until(given, ms) }];
    }
  }
}
