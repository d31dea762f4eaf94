import type { DecisionReason, Evidence, Placement } from '#libs/contracts';
import type { Fact } from '../decider.ts';
import { commandNameOf } from '../ids.ts';
import type { Blame, Failure } from './backoff.ts';
import type { LinkState } from './state.ts';

type End = 'client' | 'server';
type FactOf<N extends Fact['name']> = Extract<Fact, { name: N }>;

/** The end of a placement: DESIGN, "Placements, exactly", is the whole list of what ends one. */
export interface Over {
  /** Which end will never carry this epoch again. */
  readonly by: End;
  readonly reason: DecisionReason;
  /** Whom the failure is held against; absent: nobody, it stopped because it was told to. */
  readonly failure?: Failure;
  /** The client's life is over; the link waits for its next one. */
  readonly clientGone?: boolean;
  /** It is the client's own fault, though it lives: its other client comes first, if there is one. */
  readonly clientFault?: boolean;
  /** Nobody knows which end, or the way between them, is to blame: another server comes first. */
  readonly leavesServer?: boolean;
  /** The client answered as another life of itself. */
  readonly clientIncarnation?: string;
  readonly values: NonNullable<Evidence['values']>;
}

/** Whether this fact ends the link's placement. Anything that it does not recognise ends nothing. */
export function endsPlacement(state: LinkState, fact: Fact): Over | undefined {
  const { placement } = state;
  if (placement === undefined) return undefined;
  switch (fact.name) {
    case 'connection-lost':
      return byLoss(placement, fact);
    case 'command-succeeded':
    case 'command-failed':
    case 'command-refused':
      return byAnswer(state, placement, fact);
    case 'agent-silent':
      return bySilence(placement, fact);
    default:
      return undefined;
  }
}

function byLoss(placement: Placement, { data }: FactOf<'connection-lost'>): Over | undefined {
  const by = endOf(placement, data.agent_id);
  if (by === undefined || data.epoch !== placement.epoch) return undefined;
  const { to, blame } = blameForLoss(by, data.reason);
  return {
    by,
    reason: to === 'server' ? 'server-lost' : 'client-lost',
    failure: failureOf(placement, to, blame),
    ...(to === 'client' && blame === 'gone' ? { clientGone: true } : {}),
    ...(by === 'client' && data.reason === 'application-closed' ? { clientFault: true } : {}),
    ...(by === 'server' && data.reason === 'keepalive-timeout' ? { leavesServer: true } : {}),
    values: { reason: data.reason, observed_by: data.observed_by },
  };
}

/** Who is to blame for a lost path, by what the end that reports it saw. */
function blameForLoss(by: End, reason: string): { to: End; blame: Blame } {
  const other: End = by === 'client' ? 'server' : 'client';
  switch (reason) {
    case 'protocol-error':
      return { to: 'server', blame: 'server' };
    case 'lease-lapsed':
    case 'asleep':
    case 'backend-lost':
    case 'application-closed':
      return { to: by, blame: by };
    case 'shutdown':
      return { to: by, blame: 'gone' };
    // 'peer-closed', 'peer-reset', 'keepalive-timeout', and words that only other programs know: they lost the other end.
    default:
      return { to: other, blame: other };
  }
}

type Answer = FactOf<'command-succeeded'> | FactOf<'command-failed'> | FactOf<'command-refused'>;

function byAnswer(state: LinkState, placement: Placement, fact: Answer): Over | undefined {
  const { data } = fact;
  const by = endOf(placement, data.agent_id);
  if (by === undefined || data.epoch !== placement.epoch || !state.issued.includes(data.command_id)) {
    return undefined;
  }
  const values = { command: commandNameOf(data.command_id), reason: data.reason ?? 'done' };
  const opens = isOpening(values.command);
  if (fact.name === 'command-refused' && data.reason === 'other-incarnation') {
    return byOtherLife(placement, by, data.incarnation, values);
  }
  if (fact.name === 'command-succeeded') {
    return isStopping(values.command) ? { by, reason: 'stopped', values } : undefined;
  }
  if (!opens) return undefined;
  const to = by === 'client' && BY_SERVER.has(data.reason ?? '') ? 'server' : by;
  return {
    by,
    reason: fact.name,
    failure: failureOf(placement, to, to),
    ...(to === 'client' && !BY_DELAY.has(data.reason ?? '') ? { clientFault: true } : {}),
    values,
  };
}

/** Another life of the agent answers: the one that was commanded is over, and will not stop anything. */
function byOtherLife(
  placement: Placement,
  by: End,
  incarnation: string,
  values: NonNullable<Evidence['values']>,
): Over {
  const commanded = by === 'client' ? placement.client_incarnation : placement.server_incarnation;
  const learned = incarnation !== commanded;
  return {
    by,
    reason: 'command-refused',
    failure: failureOf(placement, by, by === 'client' && !learned ? 'client' : 'gone'),
    ...(by === 'client' && learned ? { clientIncarnation: incarnation } : {}),
    values: { ...values, incarnation },
  };
}

function bySilence(placement: Placement, { data }: FactOf<'agent-silent'>): Over | undefined {
  const by = endOf(placement, data.agent_id);
  if (by === undefined) return undefined;
  const commanded = by === 'client' ? placement.client_incarnation : placement.server_incarnation;
  if (data.incarnation !== commanded) return undefined;
  // Without a lease it may be carrying still: only a confirmation, or an operator's force, ends its placement.
  if ((by === 'client' ? placement.client_lease_ms : placement.server_lease_ms) === undefined)
    return undefined;
  return {
    by,
    reason: 'agent-silent',
    failure: failureOf(placement, by, 'gone'),
    ...(by === 'client' ? { clientGone: true } : {}),
    values: { agent_id: data.agent_id, incarnation: data.incarnation },
  };
}

/** Reasons for which a client fails a connect although it is well. */
const BY_SERVER: ReadonlySet<string> = new Set([
  'dial-failed',
  'dial-timeout',
  'handshake-refused',
  'no-backend',
]);

/** Reasons for which a client refuses an opening command that came too late, or out of order. */
const BY_DELAY: ReadonlySet<string> = new Set(['expired', 'stale-epoch']);

const isOpening = (command: string): boolean =>
  command === 'accept-client' || command === 'connect' || command === 'activate-dr-client';
const isStopping = (command: string): boolean =>
  command === 'stop-sending-to-client' || command === 'disconnect';

function endOf(placement: Placement, agentId: string | undefined): End | undefined {
  if (agentId === placement.client_id) return 'client';
  return agentId === placement.server_id ? 'server' : undefined;
}

function failureOf(placement: Placement, to: End, blame: Blame): Failure {
  return to === 'client'
    ? { agent_id: placement.client_id, incarnation: placement.client_incarnation, blame }
    : { agent_id: placement.server_id, incarnation: placement.server_incarnation, blame };
}
