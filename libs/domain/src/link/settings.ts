import { ignore } from '../decider.ts';
import { iso } from '../ids.ts';
import { frozenUntilMs, type SettingFact } from '../judgement/index.ts';
import { decided, type Step } from './draft.ts';
import { placeNext } from './place.ts';
import type { LinkOutcome } from './state.ts';
import { lookAgain } from './time.ts';

/** An operator set something; it matters at once only to a link that is held back. */
export function onSetting(step: Step, fact: SettingFact): LinkOutcome {
  const { state } = step;
  const { suppressed } = state;
  if (suppressed === undefined) return ignore('not-suppressed');
  const { requested_by, setting_version } = fact.data;
  const values = { requested_by, setting_version };
  switch (fact.name) {
    case 'failover-approved': {
      if (suppressed.cause === undefined || suppressed.cause !== fact.data.cause)
        return ignore('not-suppressed');
      if (state.placement) return lookAgain(step, state.placement);
      const cause = suppressed.cause;
      const plan = { failover: state.failover, approved: true, values: { ...values, cause } };
      return placeNext(step, { reason: 'approved', ...plan });
    }
    case 'policy-change-requested':
      if (suppressed.reason === 'freeze') return ignore('no-change');
      if (state.placement) return lookAgain(step, state.placement);
      return placeNext(step, { reason: 'suppression-over', failover: state.failover, anew: true, values });
    case 'freeze-requested':
      return suppressed.reason === 'freeze' ? onFreeze(step) : ignore('not-suppressed');
    default:
      return fact satisfies never;
  }
}

/** The freeze that holds the link's planned move lasts longer, or is over sooner. */
function onFreeze(step: Step): LinkOutcome {
  const { state, input } = step;
  const { suppressed, placement, phase, failover } = state;
  if (suppressed === undefined || placement === undefined) return ignore('no-change');
  const untilMs = frozenUntilMs(input.fleet.settings, input.nowMs);
  if (untilMs === undefined) return lookAgain(step, placement);
  const until = iso(untilMs);
  if (until === suppressed.until) return ignore('no-change');
  return decided(step, 'failover-suppressed', {
    phase,
    reason: 'freeze',
    failover,
    suppressed: { ...suppressed, until },
  });
}
