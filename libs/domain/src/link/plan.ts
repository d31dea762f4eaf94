import type {
  DecisionReason,
  Evidence,
  FailoverLedger,
  LinkRequest,
  PeerVerdict,
  Placement,
} from '#libs/contracts';
import type { CommandSpec } from './commands.ts';
import type { BackoffState, Lives } from './state.ts';

/** Moves that were asked for or thought better: the server that is left is tried last. */
export const LEAVING: ReadonlySet<string> = new Set([
  'operator-request',
  'operator-force',
  'agent-draining',
  'better-capacity',
  'unanswered-requests',
]);

/** How a question to the peer ended, or why none was put; not yet whither the link went. */
export type PeerEnd = Pick<PeerVerdict, 'outcome' | 'reason' | 'server_id'> & {
  /** Whom nobody asked. */
  readonly unasked?: string | undefined;
  /** What it named is held no longer. */
  readonly isOver?: boolean;
};

/** How a link without a placement, or whose placement is over, is to be placed next. */
export interface Plan {
  readonly reason: DecisionReason;
  /** The move that this is part of; absent: the link never stood. */
  readonly failover?: FailoverLedger | undefined;
  readonly lives?: Lives;
  /** The client that is to carry the link, if it can; absent: who carried it last. */
  readonly preferred?: string | undefined;
  readonly backoffs?: readonly BackoffState[];
  /** What lets the ends of the old placement go; `(server chosen) → commands`. */
  readonly release?: (chosenServer: string | undefined) => readonly CommandSpec[];
  /** The placement that is over just now: its server's control region may be asked for the next server. */
  readonly over?: Placement;
  /** How the open question ended, or why there is none; the link goes on with it, or without. */
  readonly peer?: PeerEnd;
  /** A server to leave, if any other fits. */
  readonly avoid?: string | undefined;
  readonly request?: LinkRequest;
  /** Back-offs do not count: somebody asked for it. */
  readonly insist?: boolean;
  /** Nothing is decided unless a server fits. */
  readonly onlyIfPlaced?: boolean;
  /** An operator agreed to it. */
  readonly approved?: boolean;
  /** What held it back changed: held as before, nothing is decided. */
  readonly anew?: boolean;
  readonly values?: Evidence['values'] | undefined;
}
