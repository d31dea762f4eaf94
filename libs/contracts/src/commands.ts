import { IsIn } from 'class-validator';
import {
  Address,
  ConnectionId,
  Count,
  Epoch,
  Incarnation,
  Name,
  Optional,
  Reason,
  Timestamp,
} from './fields.ts';

/**
 * Commands: what an agent must do. Part of the decision that caused them, sent once that is in the log.
 * An agent runs each at most once, gives a repeated one its first answer, and answers every one.
 */

/** Commands to sidecars, on `failover-commands`. */
export const SIDECAR_COMMANDS = [
  'accept-client',
  'connect',
  'activate-dr-client',
  'stop-sending-to-client',
  'disconnect',
  'drain',
] as const;
export type SidecarCommandName = (typeof SIDECAR_COMMANDS)[number];

/** Commands to brokers, on `relay-commands`. */
export const BROKER_COMMANDS = [
  'issue-code',
  'hold-target',
  'reject-target',
  'redirect-controller',
  'open-relay',
  'close-relay',
  'drain',
] as const;
export type BrokerCommandName = (typeof BROKER_COMMANDS)[number];

/** What every command carries. */
export class Command {
  /** Deterministic, so that a new owner sends the same one again. */
  @Reason() command_id!: string;
  @Name() agent_id!: string;
  /** The life of the agent it is meant for; another one refuses it. */
  @Incarnation() incarnation!: string;
  @ConnectionId() connection_id!: string;
  @Epoch() epoch!: number;
  @Timestamp() expires_at!: string;
  /** `ce_id` of the decision that issued it. */
  @Reason() decision_id!: string;
  /** Home region of the connection: facts on it by this agent name it. */
  @Name() home_region!: string;
}

/** To the server sidecar: a client of this identity will dial for this epoch. Leaves together with `connect`. */
export class AcceptClient extends Command {
  @Name() client_id!: string;
  /** The link's group, so that health reports tell which links of it the server carries. */
  @Optional() @Name() link_group?: string;
}
/** To the client sidecar: dial this server sidecar, then let the application through. */
export class Connect extends Command {
  @Name() server_id!: string;
  @Address() address!: string;
  /** Who takes over when this client's application stays away; absent: nobody, so the link waits for it. */
  @Optional() @Name() dr_client_id?: string;
}
/** To a DR client sidecar; as `connect`, and the application is told to become active. */
export class ActivateDrClient extends Connect {}
/** To the server sidecar: stop carrying this epoch; done means that it never carries it again. */
export class StopSendingToClient extends Command {}
/** To the client sidecar: stop carrying this epoch; done means that it never carries it again. */
export class Disconnect extends Command {
  /** What becomes of the application's waiting requests. `hold`: keep them, within the limits, for the next epoch; `close`: let the application go. */
  @IsIn(['hold', 'close']) requests!: 'hold' | 'close';
}
/**
 * To the client sidecar: hold new requests, let responses finish; done when none is in flight or the time is over.
 * To a broker: tell both ends of the relay to attach elsewhere, which they do while it stands; done when they were told.
 * To a broker whose own `agent_id` stands as `connection_id`: take nobody on any more, tell everybody to attach elsewhere, and
 * end when they left or its own limit is over; done when that began.
 */
export class Drain extends Command {
  /** `close`: this client will not carry the link after it, so its application is asked to stop sending. Absent: `hold`. */
  @Optional() @IsIn(['hold', 'close']) requests?: 'hold' | 'close';
  /** To a broker: it closes the relay itself when the ends did not leave within so many milliseconds. */
  @Optional() @Count() limit_ms?: number;
}

/** A command as it stands in a decision: with its name, ready to be sent. */
export type SidecarCommand =
  | ({ name: 'accept-client' } & AcceptClient)
  | ({ name: 'connect' } & Connect)
  | ({ name: 'activate-dr-client' } & ActivateDrClient)
  | ({ name: 'stop-sending-to-client' } & StopSendingToClient)
  | ({ name: 'disconnect' } & Disconnect)
  | ({ name: 'drain' } & Drain);
