import { withLocalTimes } from '../format.ts';
import type { Explanation } from '../model.ts';

/** An explanation whose sentences have their moments as this machine has them. */
export function readable(explanation: Explanation): Explanation {
  const { summary, first_cause, causes, why_not } = explanation;
  return {
    ...explanation,
    summary: withLocalTimes(summary),
    first_cause: { ...first_cause, text: withLocalTimes(first_cause.text) },
    causes: causes.map((step) => ({ ...step, text: withLocalTimes(step.text) })),
    why_not: why_not.map((each) => ({ ...each, answer: withLocalTimes(each.answer) })),
  };
}
