import { type Fact, type FactInput, type Input, ignore, reject } from '../decider.ts';
import { alreadyHandled } from '../handled.ts';
import { onAnswer } from './answers.ts';
import { onDrainRequested, onMoveRequested, onReturned, onSilent } from './brokers.ts';
import { onControllerAttached } from './controllers.ts';
import { onRelayClosed, onRelayOpened } from './relays.ts';
import { onRequest } from './requests.ts';
import { blank, type FactStep, isClosed, type SessionOutcome, type SessionState } from './state.ts';
import { onTargetAttached } from './targets.ts';
import { onTime } from './time.ts';

/** What follows for this session from this input; at most one decision. */
export function decide(connectionId: string, state: SessionState | undefined, input: Input): SessionOutcome {
  if (input.kind === 'time') return state ? onTime({ state, input }) : ignore('unknown-connection');
  if (alreadyHandled(state?.handled, input.origin)) return ignore('already-handled');
  const { fact } = input;
  const wrong = whatIsWrong(input);
  if (wrong !== undefined) return reject('invalid-data', wrong);
  if (fact.name === 'connection-request') {
    if (fact.data.kind !== 'session')
      return reject('invalid-data', "a link is not asked for by a session's id");
    return onRequest(connectionId, state, input, fact.data);
  }
  if (isElsewhere(input)) return ignore('other-home-region');
  // Whoever comes is told, even where there is nothing to come to.
  if (fact.name === 'target-attached' || fact.name === 'controller-attached') {
    const step = { state: state ?? blank(connectionId, input.ownRegion), input };
    return fact.name === 'target-attached'
      ? onTargetAttached(step, fact.data)
      : onControllerAttached(step, fact.data);
  }
  return state === undefined ? ignore('unknown-connection') : onFact({ state, input }, fact);
}

/** A broker speaks for itself. */
function whatIsWrong({ fact: { data } }: FactInput): string | undefined {
  if (!('broker_id' in data) || data.agent_id === data.broker_id) return undefined;
  return 'agent_id and broker_id differ';
}

/** A fact on a connection of that id with another home is not about this one. */
function isElsewhere({ fact, region, ownRegion }: FactInput): boolean {
  return 'connection_id' in fact.data && (fact.data.home_region ?? region) !== ownRegion;
}

type Handled = 'connection-request' | 'target-attached' | 'controller-attached';

function onFact(step: FactStep, fact: Exclude<Fact, { name: Handled }>): SessionOutcome {
  switch (fact.name) {
    case 'relay-opened':
      return isClosed(step.state) ? ignore('connection-ended') : onRelayOpened(step, fact.data);
    case 'relay-closed':
      return isClosed(step.state) ? ignore('connection-ended') : onRelayClosed(step, fact.data);
    case 'command-succeeded':
    case 'command-failed':
    case 'command-refused':
      return onAnswer(step, fact);
    case 'agent-silent':
      return onSilent(step, fact);
    case 'agent-returned':
      return onReturned(step, fact);
    case 'agent-drain-requested':
      return onDrainRequested(step, fact);
    case 'failover-requested':
      return isClosed(step.state) ? ignore('connection-ended') : onMoveRequested(step, fact);
    case 'new-connection-established':
    case 'connection-lost':
    case 'connection-degraded':
    case 'connection-recovered':
    case 'connection-closed':
    case 'backend-changed':
    case 'server-requested':
    case 'peer-answered':
    case 'policy-change-requested':
    case 'freeze-requested':
    case 'failover-approved':
      return ignore('not-concerned');
    default:
      return fact satisfies never;
  }
}
