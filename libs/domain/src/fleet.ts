import type { AgentKind, PeerOutcome } from '#libs/contracts';
import { EMPTY_SETTINGS, type Settings } from './judgement/index.ts';

/** One agent as its latest health report shows it, whatever its region. */
export interface FleetAgent {
  readonly agent_id: string;
  readonly kind: AgentKind;
  readonly incarnation: string;
  readonly region: string;
  readonly location: string;
  readonly server_group?: string;
  /** Where it is dialled. */
  readonly address: string;
  /** Connections it takes at most. */
  readonly capacity: number;
  /** It said so itself, or a drain of this incarnation was asked for. */
  readonly draining: boolean;
  readonly lastReportMs: number;
  /** Since when this life was heard of without a gap, never overdue, as far as the caller saw; absent: not known. */
  readonly wellSinceMs?: number;
  /** Its reports are overdue, by `health`'s rule: not chosen, nothing ended. */
  readonly suspect: boolean;
  /** 0 to 100. */
  readonly healthScore: number;
  /** Connections it reported, and those that this control loop placed on it since; each once. */
  readonly carried: number;
  /** Absent: it has no lease. */
  readonly leaseMs?: number;
  /** Links that it carries of each link group, where known. */
  readonly linkGroups?: Readonly<Record<string, number>>;
  /** When its lives began, as far as one was seen to replace another lately; oldest first, milliseconds since 1970. */
  readonly recentRestarts?: readonly number[];
}

/** How widely one cause moves the links of a server group. */
export interface BlastCount {
  /** Links that moved for the cause within the window. */
  readonly moved: number;
  /** Links of the group that this process decides for. */
  readonly links: number;
}

/** The fleet as the caller saw it when it made the input. */
export interface Fleet {
  /** By agent_id; only those whose latest report is young enough (TIMING.fleetAgeMs). */
  readonly agents: ReadonlyMap<string, FleetAgent>;
  /** Whether this life of the agent was declared silent: nothing is ever placed on it again. */
  silent(agentId: string, incarnation: string): boolean;
  /** Other control regions whose controller can be asked for a server. */
  readonly peers: ReadonlySet<string>;
  /** Why such a region can't be asked now: nobody would answer one more question in time. Absent, or undefined: it can. */
  readonly unaskable?: ((region: string) => PeerOutcome | undefined) | undefined;
  /** The peer answers within so many milliseconds; absent: TIMING.peerDeadlineMs. */
  readonly peerDeadlineMs?: number;
  /** A server is held ready for a peer for so many milliseconds; absent: TIMING.reservationMs. */
  readonly reservationMs?: number;
  /** What operators set for this control region, as the partition has read it. */
  readonly settings: Settings;
  /** Links of all partitions of this process; the window ends now. */
  blast(cause: string, serverGroup: string, windowMs: number, nowMs: number): BlastCount;
}

export const EMPTY_FLEET: Fleet = {
  agents: new Map(),
  silent: () => false,
  peers: new Set(),
  settings: EMPTY_SETTINGS,
  blast: () => ({ moved: 0, links: 0 }),
};
