import { IsBoolean, IsIn, IsInt, IsNumber, Max, Min } from 'class-validator';
import { Count, Epoch, Incarnation, ListOf, Name, Optional, SessionId, Timestamp } from './fields.ts';
import { LIMITS } from './limits.ts';
import {
  RELAY_CLOSE_REASONS,
  RELAY_CLOSERS,
  type RelayCloseReason,
  type RelayCloser,
} from './session-codes.ts';

/** Facts on sessions, said by brokers; published to `connection-status` of the broker's own region. */

/** How far a broker is, as an endpoint measured it. Brokers that it did not reach are left out. */
export class Probe {
  @Name() broker_id!: string;
  /** Median round trip, in milliseconds. */
  @IsNumber() @Min(0) @Max(60_000) rtt_ms!: number;
  @Optional() @IsNumber() @Min(0) @Max(60_000) jitter_ms?: number;
}

/** What every fact of a broker on a session carries. `agent_id` equals `broker_id`. */
export class SessionFact {
  @SessionId() connection_id!: string;
  /** Whose session it is; absent: the control region of the topic. */
  @Optional() @Name() home_region?: string;
  @Name() agent_id!: string;
  @Incarnation() incarnation!: string;
  @Name() broker_id!: string;
}

/** A leg that a broker has with an endpoint: one TLS connection and what was attached over it. */
export class LegFact extends SessionFact {
  /** Random, made by the broker: names this leg. */
  @Name() attachment_id!: string;
  /** The endpoint's round trips; absent: it measured none. */
  @Optional() @ListOf(() => Probe, LIMITS.probesPerLeg) probes?: Probe[];
}

/** A controller wants a code; it stays connected to the broker that says so. */
export class SessionRequest extends LegFact {
  @IsIn(['session']) kind!: 'session';
  /** The identity of the controller's certificate. */
  @Name() controller_id!: string;
  /** Until when the code can be used. */
  @Timestamp() expires_at!: string;
}

/** A target came, by the code or by the session's id. Said again, with the same `attachment_id`, when it consented. */
export class TargetAttached extends LegFact {
  /** Of its certificate; a guest's is `guest-` and the hash of its public key. */
  @Name() identity!: string;
  /** A guest: nobody enrolled it, its own key is all that it proved. */
  @Optional() @IsBoolean() guest?: boolean;
  /** It agreed to be controlled; absent: it did. */
  @Optional() @IsBoolean() consented?: boolean;
  /** It showed the session's id and no code: only the identity that was accepted before may. */
  @Optional() @IsBoolean() resumed?: boolean;
  /** It showed the code before, and lost its connection before it was told the session's id; absent: it did not. */
  @Optional() @IsBoolean() again?: boolean;
  /** The epoch that it knew when it came again. */
  @Optional() @Epoch() epoch?: number;
  /** How long the session is to wait for it when it is away, in milliseconds; absent: as policy says. */
  @Optional() @IsInt() @Min(0) @Max(LIMITS.surviveMs) survive_ms?: number;
}

/** The controller came again, redirected or after a broker's death. */
export class ControllerAttached extends LegFact {
  @Name() identity!: string;
  /** The epoch that it knew. */
  @Optional() @Epoch() epoch?: number;
}

/** Both legs of this epoch are spliced, and both ends were told. */
export class RelayOpened extends SessionFact {
  @Epoch() epoch!: number;
}

/**
 * The relay of this epoch is over, and its legs with it: whoever goes on attaches anew, under a name of its own. Or, with
 * `attachment_id`, a leg that waited for one is gone; not said of a leg that was turned away or closed by a command.
 */
export class RelayClosed extends SessionFact {
  @Epoch() epoch!: number;
  @IsIn(RELAY_CLOSE_REASONS) reason!: RelayCloseReason;
  @IsIn(RELAY_CLOSERS) closed_by!: RelayCloser;
  /** The leg that ended while it waited; absent: the relay stood. */
  @Optional() @Name() attachment_id?: string;
  /** From the controller to the target. */
  @Optional() @Count() bytes_up?: number;
  /** From the target to the controller. */
  @Optional() @Count() bytes_down?: number;
  @Optional() @Count() duration_ms?: number;
}
