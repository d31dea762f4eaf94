import { policyOf } from '../judgement/index.ts';
import { LINK_POLICY } from '../policy.ts';
import type { Picked } from './client.ts';
import type { Step } from './draft.ts';
import type { Plan } from './plan.ts';
import type { BackoffState, LinkState } from './state.ts';

/**
 * How long a placement may take to stand, in milliseconds. Where the client may be dead, and another one is well, a
 * live one is known by standing almost at once.
 */
export function probeMs(step: Step, plan: Plan, client: Picked, backoffs: readonly BackoffState[]): number {
  const { settings } = policyOf(step.state.request, step.input.fleet.settings);
  // A client that a failback goes to is not suspected: it is given its time, and says itself when it can't.
  const suspected = plan.failover?.reason !== 'failback' && failedLately(step, client, backoffs);
  if (!suspected || !client.other?.isWell) return LINK_POLICY.commandGiveUpMs;
  const probe = Math.max(settings.client_probe_ms, isFreeze(plan) ? LINK_POLICY.commandExpiryMs : 0);
  return Math.min(probe, LINK_POLICY.commandGiveUpMs);
}

/**
 * The server alone saw the path freeze: more likely the way to it than the client, which may be told late of the other
 * server, but not later than its command lasts. Whoever froze itself does not stand by then.
 */
const isFreeze = ({ failover, avoid }: Plan): boolean =>
  failover?.reason === 'client-lost' && avoid !== undefined;

function failedLately(
  { input }: Step,
  { clientId, view }: Picked,
  backoffs: readonly BackoffState[],
): boolean {
  const { incarnation } = view.life;
  return backoffs.some(
    (each) =>
      each.agent_id === clientId &&
      each.incarnation === incarnation &&
      input.nowMs - each.failedMs < LINK_POLICY.settledMs,
  );
}

/** Until when the opening commands of a placement that may be a probe wait for their answers; absent: it is none. */
export function openingUntilMs({ phase, placement, pending, dueMs }: LinkState): number | undefined {
  if (phase !== 'activating' || placement === undefined || dueMs === undefined) return undefined;
  const opening = pending.find(
    ({ command }) => command.agent_id === placement.client_id && command.epoch === placement.epoch,
  );
  return opening !== undefined && dueMs < opening.giveUpMs ? opening.giveUpMs : undefined;
}
