import type { Evidence, PeerQuestion } from '#libs/contracts';
import { type Fact, ignore } from '../decider.ts';
import { msOf } from '../ids.ts';
import type { Step } from './draft.ts';
import { placeNext } from './place.ts';
import type { PeerEnd } from './plan.ts';
import type { LinkOutcome } from './state.ts';

type Answered = Extract<Fact, { name: 'peer-answered' }>;

/** The question to the peer ended. An answer to any other question than the open one is late and changes nothing. */
export function onPeerAnswered(step: Step, { data }: Answered): LinkOutcome {
  const { asking, epoch } = step.state;
  if (data.epoch > epoch) return ignore('future-epoch');
  if (asking === undefined || data.epoch !== asking.epoch) return ignore('stale-epoch');
  const { outcome, server_id, reason, took_ms } = data;
  const values = {
    outcome,
    ...(server_id === undefined ? {} : { server_id }),
    ...(reason === undefined ? {} : { reason }),
    took_ms,
  };
  return goOn(step, asking, { outcome, ...whatOf(step, data) }, values);
}

/** What an answer is worth: only a server that is held still counts. */
function whatOf(
  { input }: Step,
  { outcome, server_id, expires_at, reason }: Answered['data'],
): Partial<PeerEnd> {
  const told = reason === undefined ? {} : { reason };
  if (outcome !== 'assigned' || server_id === undefined) return told;
  const isOver = expires_at !== undefined && input.nowMs >= msOf(expires_at);
  return isOver ? { server_id, reason: 'expired', isOver } : { ...told, server_id };
}

/** Nobody told in time how the question ended. */
export function onNoAnswer(step: Step, asking: PeerQuestion): LinkOutcome {
  return goOn(step, asking, { outcome: 'timeout' }, { peer_region: asking.peer_region });
}

function goOn(step: Step, asking: PeerQuestion, end: PeerEnd, values: Evidence['values']): LinkOutcome {
  const { failover } = step.state;
  return placeNext(step, {
    reason: asking.reason,
    failover,
    avoid: asking.failed_server_id,
    peer: end,
    values,
  });
}
