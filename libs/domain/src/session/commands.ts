import type {
  BrokerCommand,
  CloseRelayReason,
  LegRejection,
  SessionLeg,
  SessionPlacement,
} from '#libs/contracts';
import { commandId, decisionId, iso } from '../ids.ts';
import { SESSION_RULES } from '../policy.ts';

/** Members that follow from the decision alone. */
type Shared = 'command_id' | 'connection_id' | 'expires_at' | 'decision_id' | 'home_region';
type OwnOf<C> = C extends BrokerCommand ? Omit<C, Shared> : never;
/** What one command says beside what all of its decision have in common. */
export type CommandSpec = OwnOf<BrokerCommand>;

type Broker = Pick<SessionLeg, 'broker_id' | 'incarnation'>;

const to = ({ broker_id, incarnation }: Broker, epoch: number) => ({
  agent_id: broker_id,
  incarnation,
  epoch: Math.max(1, epoch),
});

export const issueCode = (leg: SessionLeg, controller_id: string, expiresMs: number): CommandSpec => ({
  name: 'issue-code',
  ...to(leg, 1),
  attachment_id: leg.attachment_id,
  controller_id,
  code_expires_at: iso(expiresMs),
});

export const holdTarget = (
  placement: SessionPlacement,
  identity: string,
  controller_id: string,
): CommandSpec => ({
  name: 'hold-target',
  ...to(placement, placement.epoch),
  attachment_id: placement.target_attachment_id,
  identity,
  controller_id,
});

export const rejectTarget = (
  leg: Pick<SessionLeg, 'broker_id' | 'incarnation' | 'attachment_id'>,
  epoch: number,
  about: { identity: string; reason: LegRejection; broker_id?: string; address?: string },
): CommandSpec => ({
  name: 'reject-target',
  ...to(leg, epoch),
  attachment_id: leg.attachment_id,
  ...about,
});

export const redirectController = (
  leg: SessionLeg,
  controller_id: string,
  { epoch, broker_id, address }: SessionPlacement,
): CommandSpec => ({
  name: 'redirect-controller',
  ...to(leg, epoch),
  attachment_id: leg.attachment_id,
  controller_id,
  broker_id,
  address,
});

export const openRelay = (
  placement: SessionPlacement,
  controller: SessionLeg,
  who: { controller_id: string; target_id: string; window_ms: number },
): CommandSpec => ({
  name: 'open-relay',
  ...to(placement, placement.epoch),
  ...who,
  controller_attachment_id: controller.attachment_id,
  target_attachment_id: placement.target_attachment_id,
});

/** All that the broker has of the session up to this epoch; with a leg's name, that leg alone. */
export const closeRelay = (
  broker: Broker,
  epoch: number,
  reason: CloseRelayReason,
  attachment_id?: string,
): CommandSpec => ({
  name: 'close-relay',
  ...to(broker, epoch),
  reason,
  ...(attachment_id === undefined ? {} : { attachment_id }),
});

export const drainRelay = (placement: SessionPlacement): CommandSpec => ({
  name: 'drain',
  ...to(placement, placement.epoch),
  limit_ms: SESSION_RULES.drainMs,
});

/** The command as it is sent. */
export function commandOf(
  spec: CommandSpec,
  session: { connection_id: string; home_region: string },
  version: number,
  nowMs: number,
): BrokerCommand {
  const { connection_id, home_region } = session;
  return {
    ...spec,
    command_id: commandId(connection_id, version, spec.name, spec.agent_id),
    connection_id,
    expires_at: iso(nowMs + SESSION_RULES.commandExpiryMs),
    decision_id: decisionId(connection_id, version),
    home_region,
  } as BrokerCommand;
}

/** What a command was issued with, to issue it again. */
export function specOf(command: BrokerCommand): CommandSpec {
  const {
    command_id: _,
    connection_id: __,
    expires_at: ___,
    decision_id: ____,
    home_region: _____,
    ...spec
  } = command;
  return spec as CommandSpec;
}

/** Whether two commands ask the same of the same leg of the same broker. */
export function isSameCommand(a: BrokerCommand, b: BrokerCommand): boolean {
  const legOf = (command: BrokerCommand) => ('attachment_id' in command ? command.attachment_id : undefined);
  return (
    a.name === b.name &&
    a.agent_id === b.agent_id &&
    a.incarnation === b.incarnation &&
    a.epoch === b.epoch &&
    legOf(a) === legOf(b)
  );
}
