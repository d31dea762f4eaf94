import { verify } from '#libs/domain';
import { Broken } from './invariants.ts';
import type { Loop } from './loop.ts';
import { REGION, TOPIC_NAME } from './model.ts';

/** Says what nobody has cause to say, and carries nothing. */
const STRANGER = 'stranger';
/** The model's mischief answers commands in the name of agents that never had them. */
const MADE_UP: verify.Invariant = 'command-ran-twice';

/** The audit that is made of real logs, on the log of a run: what the model allows, it must not call broken. */
export function holdToAccount({ facts, log }: Pick<Loop, 'facts' | 'log'>): void {
  const audit = new verify.Audit({ clockSkewMs: 0 });
  for (const [offset, { name, data, id, timeMs }] of facts.entries()) {
    if ('agent_id' in data && data.agent_id === STRANGER) continue;
    const key = 'connection_id' in data ? data.connection_id : 'agent_id' in data ? data.agent_id : '';
    audit.take({ place: { topic: TOPIC_NAME, partition: 0, offset }, key, name, id, timeMs, data });
  }
  for (const [offset, { key, decided }] of log.entries()) {
    const { name, data } = decided;
    audit.take({
      place: { topic: `${REGION}.controller-events`, partition: 0, offset },
      key,
      name,
      id: `${key}/${data.version}`,
      timeMs: Date.parse(data.decided_at),
      data,
    });
  }
  const first = audit.report().violations.find(({ code }) => code !== MADE_UP);
  if (first === undefined) return;
  const at = first.records.map(({ place }) => verify.textOf(place)).join(', ');
  throw new Broken(`audit-${first.code}`, `${first.subject}: ${first.detail} (${at})`);
}
