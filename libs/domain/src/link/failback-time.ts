import { policyOf } from '../judgement/index.ts';
import { see } from './client.ts';
import type { Step } from './draft.ts';

/**
 * When the link goes back by itself to the client that asked for it, should that stay well; absent: not by itself, or
 * not from now on.
 * @param isThere its own word was heard just now, which is as good as a report
 */
export function failbackAfter(step: Step, isThere = false): number | undefined {
  const { settings } = policyOf(step.state.request, step.input.fleet.settings);
  if (settings.failback !== 'automatic') return undefined;
  const isWell = isThere || see(step, step.state.request.client_id).isWell;
  return isWell ? step.input.nowMs + settings.failback_after_ms : undefined;
}
