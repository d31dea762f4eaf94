import { IsIn } from 'class-validator';
import { Command, type Drain } from './commands.ts';
import { Address, Count, Name, Optional, Timestamp } from './fields.ts';
import {
  CLOSE_RELAY_REASONS,
  type CloseRelayReason,
  LEG_REJECTIONS,
  type LegRejection,
} from './session-codes.ts';

/** Commands to brokers, on `relay-commands`; what holds for all commands stands in commands.ts. */

/** Give the code to the controller that waits on this leg, and keep the leg. */
export class IssueCode extends Command {
  @Name() attachment_id!: string;
  @Name() controller_id!: string;
  /** Of the code; `expires_at` is the command's own. */
  @Timestamp() code_expires_at!: string;
}
/**
 * Keep the target on this leg for this epoch, tell it who controls, and wait for its consent if it has not agreed. What this
 * broker has of the session under a lower epoch is over with it, but for the controller's leg.
 */
export class HoldTarget extends Command {
  @Name() attachment_id!: string;
  @Name() identity!: string;
  @Name() controller_id!: string;
}
/** Tell the target on this leg why it is not taken, and close the leg. */
export class RejectTarget extends Command {
  @Name() attachment_id!: string;
  @Name() identity!: string;
  @IsIn(LEG_REJECTIONS) reason!: LegRejection;
  /** `other-broker`: where to go. */
  @Optional() @Name() broker_id?: string;
  @Optional() @Address() address?: string;
}
/** Tell the controller on this leg to attach, by the session's id, to the broker named. */
export class RedirectController extends Command {
  @Name() attachment_id!: string;
  @Name() controller_id!: string;
  @Name() broker_id!: string;
  @Address() address!: string;
}
/** Splice these two legs, each admitted once for this epoch, and tell both ends. */
export class OpenRelay extends Command {
  @Name() controller_id!: string;
  @Name() target_id!: string;
  @Name() controller_attachment_id!: string;
  @Name() target_attachment_id!: string;
  /** How long the session may be interrupted before its ends give it up; absent: as each end has it by itself. */
  @Optional() @Count() window_ms?: number;
}
/**
 * Close one leg, or all that stands of the session up to this epoch; done when nothing of it stands. Every reason but
 * `superseded` ends the session: then who came again and waits, named by no command yet, is closed as well.
 */
export class CloseRelay extends Command {
  @IsIn(CLOSE_RELAY_REASONS) reason!: CloseRelayReason;
  /** Only this leg; absent: all of the session up to this epoch. */
  @Optional() @Name() attachment_id?: string;
}

/** A command to a broker as it stands in a decision. `drain`: tell both ends of this epoch to attach elsewhere. */
export type BrokerCommand =
  | ({ name: 'issue-code' } & IssueCode)
  | ({ name: 'hold-target' } & HoldTarget)
  | ({ name: 'reject-target' } & RejectTarget)
  | ({ name: 'redirect-controller' } & RedirectController)
  | ({ name: 'open-relay' } & OpenRelay)
  | ({ name: 'close-relay' } & CloseRelay)
  | ({ name: 'drain' } & Drain);
