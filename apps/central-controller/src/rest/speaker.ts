import { allows, type Principal } from '../http/auth/principal.ts';
import { Problem } from '../http/problem.ts';
import type { IncomingEvent } from './incoming-event.ts';

/**
 * An event that asks for a change is an operator's to send, in nobody else's name. Who holds the shared token may be
 * anybody, so any name is as good.
 * @throws Problem `forbidden`
 */
export function checkSpeaker({ event }: IncomingEvent, by: Principal): void {
  const { requested_by } = event.data as { requested_by?: unknown };
  if (typeof requested_by !== 'string') return;
  if (!allows(by, 'operator')) {
    throw new Problem('forbidden', {
      detail: `${event.name} asks for a change, which needs the role operator as well`,
      more: { role: 'operator' },
    });
  }
  if (by.named && requested_by !== by.subject) {
    throw new Problem('forbidden', { detail: `requested_by must be ${by.subject}, whose token it is` });
  }
}
