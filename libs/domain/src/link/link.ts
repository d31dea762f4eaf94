import type { PeerQuestion, SidecarCommand } from '#libs/contracts';
import {
  type Fact,
  type FactInput,
  type Input,
  ignore,
  isOfSession,
  reject,
  type SessionsOwn,
} from '../decider.ts';
import { alreadyHandled } from '../handled.ts';
import { iso } from '../ids.ts';
import { onDrainRequested, onReturned, onSilent } from './agents.ts';
import { afterSuccess } from './backoff.ts';
import { isToLeaveClient } from './client-drain.ts';
import { end, isClosing, onClosed } from './closing.ts';
import { decided, type Step } from './draft.ts';
import { failbackAfter } from './failback-time.ts';
import { afterOver, chooseTarget, stopDrained } from './move.ts';
import { onFailoverRequested } from './operator.ts';
import { endsPlacement } from './over.ts';
import { onPeerAnswered } from './peer.ts';
import { onLateLoss } from './probe.ts';
import { onDegraded, onRecovered } from './quality.ts';
import { isLinkRequest, onRequest } from './requests.ts';
import { onSetting } from './settings.ts';
import { onWordOfStandby } from './standby.ts';
import {
  isCarried,
  isClosed,
  isHeldBack,
  isStandIn,
  isWaiting,
  type LinkOutcome,
  type LinkState,
} from './state.ts';
import { onTime } from './time.ts';

type FactOf<N extends Fact['name']> = Extract<Fact, { name: N }>;

/** What follows for this link from this input; at most one decision. */
export function decide(connectionId: string, state: LinkState | undefined, input: Input): LinkOutcome {
  if (input.kind === 'time') return state ? onTime({ state, input }) : ignore('unknown-connection');
  if (alreadyHandled(state?.handled, input.origin)) return ignore('already-handled');
  const { fact } = input;
  if (isLinkRequest(fact)) return onRequest(connectionId, state, input, fact);
  if (isOfSession(fact)) return ignore('not-concerned');
  if (state === undefined) return ignore('unknown-connection');
  if (isElsewhere(state, input)) return ignore('other-home-region');
  if (fact.name === 'server-requested') {
    return reject('wrong-home-region', 'the connection has its home here: nobody else asks for its server');
  }
  if (isClosed(state)) return ignore('connection-ended');
  return onFact({ state, input }, fact);
}

/** A fact on a connection of that id with another home is not about this one. */
function isElsewhere(state: LinkState, { fact, region }: FactInput): boolean {
  if (!('connection_id' in fact.data)) return false;
  return (fact.data.home_region ?? region) !== state.home_region;
}

/** Facts whose epoch is not that of a placement that exists, and which are held against it by their own rules. */
const OWN_EPOCHS: ReadonlySet<string> = new Set([
  'failover-requested',
  'connection-closed',
  'peer-answered',
  'server-requested',
]);

function onFact(step: Step & { input: FactInput }, fact: Exclude<Fact, SessionsOwn>): LinkOutcome {
  const { state } = step;
  const over = endsPlacement(state, fact);
  if (over !== undefined && state.placement !== undefined) {
    return isClosing(state)
      ? end(step, state.placement, over.values)
      : afterOver(step, state.placement, over);
  }
  const told = onWordOfStandby(step, fact) ?? (fact.name === 'connection-lost' && onLateLoss(step, fact));
  if (told) return told;
  if ('epoch' in fact.data && !OWN_EPOCHS.has(fact.name)) {
    const wrong = wrongEpoch(state, fact.data.epoch);
    if (wrong !== undefined) return ignore(wrong);
  }
  switch (fact.name) {
    case 'new-connection-established':
      return onEstablished(step, fact);
    case 'connection-lost':
      return ignore('not-concerned');
    case 'command-succeeded':
    case 'command-failed':
    case 'command-refused':
      return onAnswer(step, fact);
    case 'connection-degraded':
      return onDegraded(step, fact);
    case 'connection-recovered':
      return onRecovered(step, fact);
    case 'connection-closed':
      return onClosed(step, fact);
    case 'failover-requested':
      return onFailoverRequested(step, fact);
    case 'backend-changed':
      return ignore('no-change');
    case 'agent-silent':
      return onSilent(step, fact);
    case 'agent-returned':
      return onReturned(step, fact);
    case 'agent-drain-requested':
      return onDrainRequested(step, fact);
    case 'peer-answered':
      return onPeerAnswered(step, fact);
    case 'policy-change-requested':
    case 'freeze-requested':
    case 'failover-approved':
      return onSetting(step, fact);
    case 'server-requested':
      return ignore('not-concerned');
    default:
      return fact satisfies never;
  }
}

/** An epoch that is not the one of the placement that exists: over already, or not given yet. */
function wrongEpoch(state: LinkState, epoch: number): 'stale-epoch' | 'future-epoch' | undefined {
  if (epoch > state.epoch) return 'future-epoch';
  return epoch < state.epoch || state.placement === undefined ? 'stale-epoch' : undefined;
}

/** The client let its application through: the placement stands. */
function onEstablished(step: Step, fact: FactOf<'new-connection-established'>): LinkOutcome {
  const { state, input } = step;
  const { placement } = state;
  const { data } = fact;
  if (placement === undefined || data.agent_id !== placement.client_id) return ignore('not-concerned');
  if (data.incarnation !== placement.client_incarnation) return ignore('stale-incarnation');
  if (isCarried(state)) return ignore('duplicate');
  if (state.phase !== 'assigned' && state.phase !== 'activating') return ignore('already-moving');
  const moved = state.phase === 'activating' && state.failover !== undefined;
  const other = chooseTarget(step);
  const leave = input.fleet.agents.get(placement.server_id)?.draining
    ? 'agent-draining'
    : isToLeaveClient(step, placement)
      ? 'client-draining'
      : undefined;
  return decided(step, moved ? 'failover-completed' : 'connection-activated', {
    phase: 'active',
    reason: 'established',
    after: {
      failover_target: other.chosen?.agent_id,
      leave,
      ...(isStandIn(state) ? { failbackAtMs: failbackAfter(step) } : {}),
      backoffs: afterSuccess(state.backoffs, input.nowMs),
      moves: (state.moves ?? []).map(({ open, ...move }) => move),
    },
    candidates: other.candidates,
    ...(leave ? { dueMs: input.nowMs } : {}),
    failover: moved
      ? {
          ...state.failover,
          ...(data.commanded_at === undefined ? {} : { commanded_at: data.commanded_at }),
          active_at: iso(fact.timeMs),
        }
      : undefined,
  });
}

/** An answer that ended no placement. */
function onAnswer(
  step: Step,
  { name, data }: FactOf<'command-succeeded' | 'command-failed' | 'command-refused'>,
): LinkOutcome {
  const { state } = step;
  const { placement } = state;
  if (placement === undefined || !state.issued.includes(data.command_id)) return ignore('unknown-command');
  const pending = state.pending.find(({ command }) => command.command_id === data.command_id);
  if (pending === undefined) return ignore('command-already-answered');
  if (pending.command.agent_id !== data.agent_id) return ignore('unknown-command');
  if (pending.command.name === 'drain' && state.phase === 'draining') {
    const done = name === 'command-succeeded';
    return stopDrained(step, placement, done ? 'drain-finished' : name);
  }
  return ignore('no-change');
}

/** The question to the peer that is open, to be asked by whoever owns the link; asking it again does no harm. */
export const openQuestion = (state: LinkState): PeerQuestion | undefined => state.asking;

/** Commands whose answer is still waited for: sent again, with the same ids, by a new owner. */
export function unansweredCommands(state: LinkState, nowMs: number): readonly SidecarCommand[] {
  return state.pending.filter((pending) => nowMs < pending.giveUpMs).map((pending) => pending.command);
}

/** Whether a fact on this agent as a whole may change this link. */
export function concernsAgent(state: LinkState, agentId: string): boolean {
  if (isClosed(state)) return false;
  return (
    state.request.client_id === agentId ||
    state.request.dr_client_id === agentId ||
    state.placement?.client_id === agentId ||
    state.placement?.server_id === agentId ||
    state.failover_target === agentId
  );
}

/** Whether a changed fleet may move this link: give it a time input then. */
export function waitsForFleet(state: LinkState): boolean {
  if (isHeldBack(state)) return false;
  if (isWaiting(state) || state.phase === 'degraded') return true;
  if (!isCarried(state)) return false;
  if (isStandIn(state) && state.failbackAtMs === undefined) return true;
  return state.leave !== undefined || state.failover_target === undefined;
}
