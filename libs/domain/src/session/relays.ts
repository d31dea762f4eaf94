import { type FinalCloseReason, isFinalClose, type LegRejection } from '#libs/contracts';
import { ignore } from '../decider.ts';
import { iso } from '../ids.ts';
import { decided } from './draft.ts';
import { isAt, isLeft } from './legs.ts';
import {
  closeSuperseded,
  end,
  interrupt,
  isBeingClosed,
  loseController,
  noted,
  startAnew,
  targetGone,
  trafficAfter,
} from './over.ts';
import { type FactOf, type FactStep, isOpen, type SessionOutcome } from './state.ts';

type Opened = FactOf<'relay-opened'>['data'];
type Closed = FactOf<'relay-closed'>['data'];

/** The relay stands: for the first time, or again. */
export function onRelayOpened(step: FactStep, { epoch, broker_id, incarnation }: Opened): SessionOutcome {
  const { state, input } = step;
  const { placement, superseded, opened, failover } = state;
  if (epoch > state.epoch) return ignore('future-epoch');
  if (placement === undefined || epoch < placement.epoch) return ignore('stale-epoch');
  if (placement.broker_id !== broker_id || placement.incarnation !== incarnation) {
    return ignore('stale-incarnation');
  }
  if (isOpen(state)) return ignore('duplicate');
  if (placement.controller_attachment_id === undefined) return ignore('not-concerned');
  // Not before: while this relay did not stand, the one before carried.
  const closing = closeSuperseded(step, 'moved');
  return decided(step, opened ? 'session-resumed' : 'connection-activated', {
    phase: 'open',
    reason: 'established',
    after: {
      placement: { ...placement, opened: true },
      // It still has to say what it carried.
      superseded: closing.length > 0 || isBeingClosed(step) ? superseded : undefined,
      opened: true,
      windowEndsMs: undefined,
      failover: failover && { ...failover, active_at: iso(input.fact.timeMs) },
    },
    commands: closing,
    // A broker that began to drain meanwhile is left at once.
    dueMs: isLeft(input.fleet, placement) ? input.nowMs : undefined,
  });
}

/** A relay is over, or a leg that waited for one is gone. */
export function onRelayClosed(step: FactStep, data: Closed): SessionOutcome {
  if (data.attachment_id !== undefined) return onLegClosed(step, data, data.attachment_id);
  const { state } = step;
  const { placement, superseded } = state;
  if (data.epoch > state.epoch) return ignore('future-epoch');
  const isOld = data.epoch === superseded?.epoch && isAt(superseded, data);
  const isPresent = data.epoch === state.epoch && (placement === undefined || isAt(placement, data));
  if (isFinal(data) && (isOld || isPresent)) return endBy(step, data);
  if (isOld) {
    return noted(step, 'relay-closed', { after: { superseded: undefined, ...saidBy(step, data) } });
  }
  if (!isPresent || placement === undefined) return ignore('stale-epoch');
  // Both legs are over with their relay, but for one that came since.
  const { controller } = state;
  const isOfRelay = controller?.attachment_id === placement.controller_attachment_id;
  return interrupt(step, data.reason, {
    after: {
      target: undefined,
      placement: undefined,
      ...(isOfRelay ? { controller: undefined } : {}),
      ...saidBy(step, data),
    },
    values: { closed_by: data.closed_by },
  });
}

function onLegClosed(step: FactStep, data: Closed, attachment: string): SessionOutcome {
  const { state } = step;
  const legs = [state.target, state.controller];
  const leg = legs.find((each) => each?.attachment_id === attachment && isAt(each, data));
  if (isFinal(data) && (leg !== undefined || isGivenUp(step, data, attachment))) return endBy(step, data);
  if (leg === undefined) return ignore('not-concerned');
  const isTarget = leg === state.target;
  const { placement } = state;
  if (isTarget) return targetGone(step);
  // The target was told of no other controller under this epoch.
  const isBound = placement?.controller_attachment_id !== undefined;
  return isBound
    ? startAnew(step, 'controller-lost', { controller: undefined })
    : loseController(step, 'controller-lost');
}

/** Whether the leg was an end's own until it was told to come again, which it may not have heard when it said its last word. */
const isGivenUp = ({ state }: FactStep, data: Closed, attachment: string): boolean =>
  state.pending.some(({ command }) => {
    if (command.name !== 'close-relay' && command.name !== 'reject-target') return false;
    const isLeg = command.attachment_id === attachment;
    if (!isLeg || !isAt(data, { broker_id: command.agent_id, incarnation: command.incarnation }))
      return false;
    return command.name === 'close-relay'
      ? command.reason === 'superseded'
      : command.identity === state.target_id && ELSEWHERE.includes(command.reason);
  });

/** Said of a target that is welcome, but not there. */
const ELSEWHERE: readonly LegRejection[] = ['other-broker', 'no-capacity'];

const isFinal = (data: Closed): data is Closed & { reason: FinalCloseReason } => isFinalClose(data.reason);

function endBy(step: FactStep, data: Closed & { reason: FinalCloseReason }): SessionOutcome {
  return end(step, 'ended', {
    reason: data.reason,
    close: data.reason,
    // A leg that waited ended alone.
    ...(data.attachment_id === undefined ? { closedBy: data.broker_id } : {}),
    after: saidBy(step, data),
  });
}

const saidBy = ({ state }: FactStep, data: Closed) => ({
  closed: { reason: data.reason, closed_by: data.closed_by },
  traffic: trafficAfter(state, data),
});
