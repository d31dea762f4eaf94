import type {
  DecisionReason,
  FailoverLedger,
  LinkDecision,
  LinkDecisionName,
  LinkPhase,
  LinkRequest,
  PeerQuestion,
  Placement,
  SidecarCommand,
  Suppression,
} from '#libs/contracts';
import type { Decision, Outcome } from '../decider.ts';

export type LinkOutcome = Outcome<LinkDecisionName, LinkDecision>;
export type LinkDecided = Decision<LinkDecisionName, LinkDecision>;

/** A command that waits for its answer. */
export interface PendingCommand {
  readonly command: SidecarCommand;
  /** No answer by then: given up. */
  readonly giveUpMs: number;
}

/** A life of an agent that failed this link lately. */
export interface BackoffState {
  readonly agent_id: string;
  readonly incarnation: string;
  readonly failures: number;
  readonly failedMs: number;
  readonly untilMs: number;
}

/** A placement that the link moved to lately, not because somebody asked for it. */
export interface LinkMove {
  readonly atMs: number;
  /** What the blast radius counts together. */
  readonly cause: string;
  /** The link did not stand since: whatever is tried until it does is part of this move. */
  readonly open?: boolean;
}

/** What is known of the client's lives. */
export interface ClientLife {
  /** The present one; absent: none was ever told. */
  readonly incarnation?: string;
  /** The present one is over: wait for the next. */
  readonly gone: boolean;
  /** Those that a later one replaced, newest first. */
  readonly retired: readonly string[];
}

/** A client of which nothing was heard. */
export const NO_LIFE: ClientLife = { gone: false, retired: [] };

/** The lives of both clients of a link: the one that asked for it, and its DR client. */
export interface Lives {
  readonly client: ClientLife;
  readonly dr: ClientLife;
}

/** All that is known of one link; plain data, so that it goes into a snapshot as it is. */
export interface LinkState {
  readonly connection_id: string;
  readonly home_region: string;
  /** Of the last decision. */
  readonly version: number;
  /** Highest epoch ever given to a placement; 0: none yet. */
  readonly epoch: number;
  /** First epoch since the client last asked for a link that it did not have. */
  readonly firstEpoch: number;
  readonly phase: LinkPhase;
  readonly request: LinkRequest;
  readonly client: ClientLife;
  /** Of the DR client; absent: nothing is known of it. */
  readonly dr?: ClientLife;
  /** The DR client carries the link, or is to; absent: the client that asked for it. */
  readonly carrier?: string;
  /** The life of the other client that was told to stand by. */
  readonly standby?: { readonly agent_id: string; readonly incarnation: string };
  /** When the link goes back by itself to the client that asked for it. */
  readonly failbackAtMs?: number;
  /** The placement that exists: commanded and not over. Its epoch is `epoch`. */
  readonly placement?: Placement;
  /** Ids of the commands issued for the placement, the latest ones: answers to others are no answers. */
  readonly issued: readonly string[];
  readonly pending: readonly PendingCommand[];
  /** How often the commands of this phase were issued. */
  readonly attempt: number;
  readonly failover_target?: string;
  readonly health_score?: number;
  /** The question to the peer that is open; there is no placement meanwhile, and `epoch` is the one it was asked for. */
  readonly asking?: PeerQuestion;
  /** The move that is under way. */
  readonly failover?: FailoverLedger;
  readonly backoffs: readonly BackoffState[];
  /** Why the link is to leave its server once another fits. */
  readonly leave?: DecisionReason;
  readonly betterSinceMs?: number;
  readonly dueMs?: number;
  /** Moves within the policy's windows, the newest last; absent: none. */
  readonly moves?: readonly LinkMove[];
  /** What is held back. */
  readonly suppressed?: Suppression;
  /** Highest handled offset of each input partition, by `<topic>/<partition>`. */
  readonly handled: Readonly<Record<string, number>>;
}

/** A link that was never heard of, as the first request finds it. */
export function blank(connectionId: string, homeRegion: string, request: LinkRequest): LinkState {
  return {
    connection_id: connectionId,
    home_region: homeRegion,
    version: 0,
    epoch: 0,
    firstEpoch: 1,
    phase: 'requested',
    request,
    client: NO_LIFE,
    issued: [],
    pending: [],
    attempt: 1,
    backoffs: [],
    handled: {},
  };
}

export const livesOf = ({ client, dr = NO_LIFE }: LinkState): Lives => ({ client, dr });

/** Who carries the link, or is to. */
export const carrierOf = ({ carrier, request }: LinkState): string => carrier ?? request.client_id;

/** The link's other client; absent: it has one only. */
export function otherThan({ request }: LinkState, clientId: string): string | undefined {
  return clientId === request.client_id ? request.dr_client_id : request.client_id;
}

/** Whether a client carries the link, or is about to, that did not ask for it. */
export const isStandIn = ({ placement, request }: LinkState): boolean =>
  placement !== undefined && placement.client_id !== request.client_id;

/** When the link is to be looked at, at the latest. */
export function nextDueMs({ dueMs, failbackAtMs }: LinkState): number | undefined {
  if (dueMs === undefined || failbackAtMs === undefined) return dueMs ?? failbackAtMs;
  return Math.min(dueMs, failbackAtMs);
}

/** Whether the client has given it up, or never had a right to it. */
export const isClosed = (state: LinkState): boolean => state.phase === 'ended' || state.phase === 'rejected';

/** Whether it waits for capacity, for its client or for what held it back, without a placement. */
export const isWaiting = (state: LinkState): boolean =>
  state.phase === 'requested' || state.phase === 'waiting-for-capacity' || state.phase === 'suppressed';

/** Whether only time, or an operator, lets it move again: no fleet does. */
export const isHeldBack = ({ phase, suppressed }: LinkState): boolean =>
  phase === 'suppressed' && suppressed !== undefined && suppressed.reason !== 'agent-flapping';

/** Whether traffic flows, as far as anyone said. */
export const isCarried = (state: LinkState): boolean =>
  state.phase === 'active' || state.phase === 'degraded';
