import type { FactData, HandledFactName, SidecarCommand } from '#libs/contracts';
import type { Random } from './random.ts';
import type { Schedule } from './schedule.ts';

/** Control region of the clients, and the home of their links. */
export const REGION = 'east';
/** Where the servers live: its controller may be asked for one. */
export const PEER_REGION = 'west';
export const TOPIC_NAME = `${REGION}.connection-status`;

/** A fact as it stands in the model's one partition. */
export interface LoggedFact {
  readonly name: HandledFactName;
  readonly data: FactData[HandledFactName];
  readonly id: string;
  readonly timeMs: number;
}

/** How badly the world treats its inhabitants: probabilities of each thing, per occasion. */
export interface Faults {
  /** A fact or command is delivered twice. */
  readonly duplicate: number;
  /** … or late, so that others overtake it. */
  readonly late: number;
  /** A command never arrives. */
  readonly loseCommand: number;
  /** A fact that is not a loss never arrives. */
  readonly loseFact: number;
  /** The owner of the partition dies between an append and its commands. */
  readonly ownerDies: number;
}

export const NO_FAULTS: Faults = { duplicate: 0, late: 0, loseCommand: 0, loseFact: 0, ownerDies: 0 };

/** What agents know of the world around them. */
export interface World {
  readonly schedule: Schedule;
  readonly random: Random;
  faults: Faults;
  agents: ReadonlyMap<string, AgentLike>;
  publish(name: HandledFactName, data: object): void;
  /** Whether the two can reach each other over the network. */
  connected(a: string, b: string): boolean;
  /** Whether the peer named this server for this epoch. */
  peerNamed(connectionId: string, epoch: number, serverId: string): boolean;
  /** A path stands at both ends now. */
  pathUp(connectionId: string, epoch: number, clientId: string, serverId: string): void;
}

/** What one end holds of a connection. */
export interface Held {
  readonly epoch: number;
  mode: 'armed' | 'dialling' | 'carrying';
  readonly peer: string;
}

/** What others may ask of an agent. */
export interface AgentLike {
  readonly id: string;
  readonly kind: 'client-sidecar' | 'server-sidecar';
  readonly incarnation: string;
  readonly running: boolean;
  readonly held: ReadonlyMap<string, Held>;
  /** Whether this life could still carry the epoch, now or later, for all that the world knows. */
  mayCarry(incarnation: string, connectionId: string, epoch: number): boolean;
  take(command: SidecarCommand): void;
  /** The peer dials with this epoch. */
  dialled(connectionId: string, epoch: number, from: string): 'accepted' | 'refused' | 'nothing';
  peerGone(connectionId: string, epoch: number, reason: 'peer-reset' | 'keepalive-timeout'): void;
}
