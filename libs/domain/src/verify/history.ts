import type { BrokerCommand, Evidence, Placement, SidecarCommand } from '#libs/contracts';
import type { LinkState } from '../link/state.ts';
import type { Witness } from './types.ts';

/** A placement that a decision gave. */
export interface GivenPlacement {
  readonly placement: Placement;
  readonly by: Witness;
  /** Commands that were issued for it: answers to others end nothing. */
  readonly issued: string[];
  /** An operator vouched for its end. */
  forced?: Witness;
}

/** A decision after which a placement existed no more, and the state that it was taken on. */
export interface Ending {
  readonly before: LinkState;
  readonly epoch: number;
  readonly given: Witness | undefined;
  readonly by: Witness;
  readonly evidence: Evidence | undefined;
}

/** Decisions that are missing, and the epochs that they may have given. */
export interface Gap {
  readonly fromVersion: number;
  readonly toVersion: number;
  readonly fromEpoch: number;
  toEpoch: number;
}

export interface EpochBy {
  readonly epoch: number;
  readonly by: Witness;
}

/** What the decisions on one link say, folded as they come. */
export interface LinkHistory {
  readonly connectionId: string;
  readonly home: string;
  state: LinkState | undefined;
  last: Witness | undefined;
  readonly given: Map<number, GivenPlacement>;
  /** The highest epoch of a placement, and of a question to the peer. */
  highest: EpochBy | undefined;
  asked: EpochBy | undefined;
  readonly endings: Ending[];
  readonly gaps: Gap[];
}

/** A command as its decision issued it. */
export interface IssuedCommand {
  readonly command: SidecarCommand | BrokerCommand;
  readonly by: Witness;
}

export function emptyHistory(connectionId: string, home: string): LinkHistory {
  return {
    connectionId,
    home,
    state: undefined,
    last: undefined,
    given: new Map(),
    highest: undefined,
    asked: undefined,
    endings: [],
    gaps: [],
  };
}

/** Whether a missing decision may have given this epoch. */
export const maybeGiven = (history: LinkHistory, epoch: number): boolean =>
  history.gaps.some(({ fromEpoch, toEpoch }) => epoch >= fromEpoch && epoch <= toEpoch);

/** Whether the decision of this version is one that is missing. */
export const isMissing = (history: Pick<LinkHistory, 'gaps'>, version: number): boolean =>
  history.gaps.some(({ fromVersion, toVersion }) => version >= fromVersion && version <= toVersion);
