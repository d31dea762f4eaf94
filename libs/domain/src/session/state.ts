import type {
  BrokerCommand,
  FailoverLedger,
  RelayCloseReason,
  RelayCloser,
  SessionDecision,
  SessionDecisionName,
  SessionLeg,
  SessionPhase,
  SessionPlacement,
  SessionTraffic,
} from '#libs/contracts';
import type { Decision, Fact, FactInput, Input, Outcome } from '../decider.ts';

export type SessionOutcome = Outcome<SessionDecisionName, SessionDecision>;
export type SessionDecided = Decision<SessionDecisionName, SessionDecision>;
export type FactOf<N extends Fact['name']> = Extract<Fact, { name: N }>;

/** A command that waits for its answer. */
export interface PendingCommand {
  readonly command: BrokerCommand;
  /** No answer by then: issued again, or given up. */
  readonly giveUpMs: number;
  /** How often it was issued, 1 the first time. */
  readonly attempt: number;
}

/** What stays as it is unless a decision says otherwise. */
export interface Standing {
  /** Who asked for the code; absent: nobody did. */
  readonly controller_id?: string | undefined;
  /** The only identity that the code counts for, from its first use on. */
  readonly target_id?: string | undefined;
  readonly guest?: boolean | undefined;
  readonly consented?: boolean | undefined;
  /** Until when the code can be used. */
  readonly expiresMs?: number | undefined;
  /** Where each end is attached, as far as known. */
  readonly controller?: SessionLeg | undefined;
  readonly target?: SessionLeg | undefined;
  /** The placement that exists: commanded and not over. Its epoch is the state's. */
  readonly placement?: SessionPlacement | undefined;
  /** The one before, whose relay may still stand. */
  readonly superseded?: SessionPlacement | undefined;
  /** The session was open once. */
  readonly opened?: boolean | undefined;
  readonly surviveMs?: number | undefined;
  readonly traffic?: SessionTraffic | undefined;
  /** How the latest relay ended. */
  readonly closed?: { readonly reason: RelayCloseReason; readonly closed_by: RelayCloser } | undefined;
  /** The move that is under way. */
  readonly failover?: FailoverLedger | undefined;
  /** When an interrupted session is over for want of its ends. */
  readonly windowEndsMs?: number | undefined;
  /** The broker that the target was sent to, so that it is taken there. */
  readonly advised?: string | undefined;
}

/** All that is known of one session; plain data, so that it goes into a snapshot as it is. */
export interface SessionState extends Standing {
  readonly connection_id: string;
  readonly home_region: string;
  /** Of the last decision. */
  readonly version: number;
  /** Highest epoch ever given to a placement; 0: none yet. */
  readonly epoch: number;
  readonly phase: SessionPhase;
  readonly pending: readonly PendingCommand[];
  /** When this phase is looked at again if nothing comes. */
  readonly dueMs?: number;
  /** When it was over. */
  readonly closedMs?: number;
  /** Highest handled offset of each input partition, by `<topic>/<partition>`. */
  readonly handled: Readonly<Record<string, number>>;
}

/** One session and the input that it is to be decided for. */
export interface Step<I extends Input = Input> {
  readonly state: SessionState;
  readonly input: I;
}
export type FactStep = Step<FactInput>;

/** A session that was never heard of. */
export const blank = (connectionId: string, homeRegion: string): SessionState => ({
  connection_id: connectionId,
  home_region: homeRegion,
  version: 0,
  epoch: 0,
  phase: 'rejected',
  pending: [],
  handled: {},
});

export const isClosed = ({ phase }: Pick<SessionState, 'phase'>): boolean =>
  phase === 'ended' || phase === 'expired' || phase === 'rejected';

/** The relay stands, as far as anyone said. */
export const isOpen = ({ phase }: SessionState): boolean => phase === 'open' || phase === 'draining';

/** Its broker fell silent, so that nobody knows whether the relay stands. */
export const isInDoubt = ({ phase, placement }: SessionState): boolean =>
  phase === 'interrupted' && placement?.opened === true;

/** When the session is to be looked at, at the latest. */
export function nextDueMs({ dueMs, pending }: SessionState): number | undefined {
  const times = pending.map(({ giveUpMs }) => giveUpMs);
  if (dueMs !== undefined) times.push(dueMs);
  return times.length === 0 ? undefined : Math.min(...times);
}

/** Commands that a new owner of the partition sends again: neither answered nor past their give-up time. */
export function unansweredCommands({ pending }: SessionState, nowMs: number): readonly BrokerCommand[] {
  return pending.filter(({ giveUpMs }) => nowMs < giveUpMs).map(({ command }) => command);
}

/** Whether a fact about this broker as a whole may change the session. */
export function concernsAgent(state: SessionState, agentId: string): boolean {
  const { controller, target, placement, superseded } = state;
  if (isClosed(state)) return placement?.broker_id === agentId;
  return [controller, target, placement, superseded].some((each) => each?.broker_id === agentId);
}

/** The broker on which the session counts as one connection; absent: on none. */
export const brokerOf = (state: SessionState): string | undefined =>
  isClosed(state) ? undefined : state.placement?.broker_id;

/** Whether its relay stands at this broker, so that it leaves when that drains. */
export const standsAt = ({ phase, placement }: SessionState, brokerId: string): boolean =>
  phase === 'open' && placement?.broker_id === brokerId;

/** Whether its snapshot may go: nobody asks for it any more. */
export const isForgotten = ({ closedMs }: SessionState, nowMs: number, forgetMs: number): boolean =>
  closedMs !== undefined && nowMs >= closedMs + forgetMs;
