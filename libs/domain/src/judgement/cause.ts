import type { DecisionReason } from '#libs/contracts';

/** What the blast radius counts together, within one server group. */
const CLASSES: Partial<Record<DecisionReason, string>> = {
  'server-lost': 'servers-lost',
  'agent-silent': 'servers-lost',
  'command-refused': 'servers-lost',
  'command-failed': 'servers-lost',
  'command-timeout': 'servers-lost',
  'client-lost': 'clients-lost',
  'client-restarted': 'clients-lost',
  'unanswered-requests': 'unanswered-requests',
  'better-capacity': 'degraded',
};

/**
 * The cause under which a move that begins for this reason is counted: `<server_group>/<class>`. Absent: somebody asked
 * for it (an operator, a drain, a failback) or it is no move; it is neither counted nor held back by a count.
 * @param clientGone the client's life was over: then it is the client's side that failed, whatever else is said.
 */
export function causeOf(serverGroup: string, reason: DecisionReason, clientGone = false): string | undefined {
  const found = CLASSES[reason];
  if (found === undefined) return undefined;
  return `${serverGroup}/${clientGone ? 'clients-lost' : found}`;
}

/** Under what a move is counted after which the same client carries its link again: none that is held for many others. */
export const causeOfReturn = (serverGroup: string): string => `${serverGroup}/clients-returned`;
