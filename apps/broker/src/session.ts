import type { Leg } from './leg.ts';
import type { Relay } from './relay.ts';
import type { NamedSession } from './session-codes.ts';

/** What this broker has of one session: legs, and a relay when two of them are spliced. */
export class Session {
  readonly legs = new Set<Leg>();
  relay: Relay | undefined;
  /** On the clock of the agent, in milliseconds: it closes then what did not leave. Undefined: it does not drain. */
  leaveByMs: number | undefined;

  constructor(readonly named: NamedSession) {}

  legNamed(attachmentId: string): Leg | undefined {
    for (const leg of this.legs) if (leg.attachment?.id === attachmentId) return leg;
    return undefined;
  }

  /** Legs that a command of this epoch, or of a lower one, named. */
  legsUpTo(epoch: number): Leg[] {
    return [...this.legs].filter((leg) => (leg.attachment?.epoch ?? Number.POSITIVE_INFINITY) <= epoch);
  }

  /** All legs but those that a command of a higher epoch named: who came again and waits is named by none. */
  legsBut(higherThan: number): Leg[] {
    return [...this.legs].filter((leg) => (leg.attachment?.epoch ?? 0) <= higherThan);
  }

  /** The target that is held here for the next relay. */
  get heldTarget(): Leg | undefined {
    return [...this.legs].find((leg) => leg.attachment?.held === true && !leg.attachment.leaving);
  }

  /** The epoch placed here; undefined: none is. */
  get placedEpoch(): number | undefined {
    return this.relay?.epoch ?? this.heldTarget?.attachment?.epoch;
  }
}
