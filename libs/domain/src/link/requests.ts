import type { ConnectionRequest, LinkRequest } from '#libs/contracts';
import { type Fact, type FactInput, ignore, reject } from '../decider.ts';
import { withIncarnation } from './client.ts';
import { isClosing } from './closing.ts';
import { decided, type Step } from './draft.ts';
import { startStopping } from './move.ts';
import { placeNext } from './place.ts';
import { isToldToStandBy, tellToStandBy } from './standby.ts';
import {
  blank,
  type ClientLife,
  isClosed,
  isStandIn,
  isWaiting,
  type LinkOutcome,
  type LinkState,
  livesOf,
} from './state.ts';

type RequestFact = Extract<Fact, { name: 'connection-request' }> & { readonly data: ConnectionRequest };

export function isLinkRequest(fact: Fact): fact is RequestFact {
  return fact.name === 'connection-request' && fact.data.kind === 'link';
}

/** A client wants its link; it says so at each of its starts, so that a repetition may be a new life of it. */
export function onRequest(
  connectionId: string,
  known: LinkState | undefined,
  input: FactInput,
  fact: RequestFact,
): LinkOutcome {
  const { data } = fact;
  if (input.region !== input.ownRegion) return ignore('other-home-region');
  const home = data.home_region ?? input.region;
  if (home !== input.region) return reject('wrong-home-region', `home region is ${home}`);
  const request = requestOf(fact);
  const wrong = whatIsWrong(connectionId, fact);
  if (known !== undefined && !isClosed(known)) {
    if (wrong !== undefined) return reject('invalid-data', wrong);
    return again({ state: known, input }, request, data.incarnation);
  }
  const step = { state: known ?? blank(connectionId, home, request), input };
  if (wrong !== undefined) {
    return decided(step, 'connection-rejected', {
      phase: 'rejected',
      reason: 'invalid-request',
      request,
      values: { detail: wrong },
    });
  }
  const life = step.state.client;
  if (data.incarnation !== undefined && life.retired.includes(data.incarnation)) {
    return ignore('stale-incarnation');
  }
  const client = withIncarnation(life, data.incarnation);
  const lives = { ...livesOf(step.state), client };
  return placeNext(step, { reason: 'requested', lives, backoffs: [], request });
}

function requestOf({ data }: RequestFact): LinkRequest {
  const { client_id, server_group, preferred_server, dr_client_id, link_group, policy } = data;
  return {
    client_id,
    server_group,
    ...(preferred_server === undefined ? {} : { preferred_server }),
    ...(dr_client_id === undefined ? {} : { dr_client_id }),
    ...(link_group === undefined ? {} : { link_group }),
    ...(policy === undefined ? {} : { policy }),
  };
}

function whatIsWrong(connectionId: string, { data }: RequestFact): string | undefined {
  const prefix = `${data.client_id}:`;
  if (!connectionId.startsWith(prefix) || connectionId.length === prefix.length) {
    return "a link's connection_id is <client_id>:<name>";
  }
  if (data.agent_id !== undefined && data.agent_id !== data.client_id) {
    return 'a link is requested by its own client';
  }
  if (data.dr_client_id === data.client_id) return 'a client is not its own DR client';
  return undefined;
}

/** A request for a link that lives. */
function again(step: Step, request: LinkRequest, incarnation: string | undefined): LinkOutcome {
  const { state } = step;
  if (incarnation !== undefined && state.client.retired.includes(incarnation)) {
    return ignore('stale-incarnation');
  }
  const same = incarnation === undefined || incarnation === state.client.incarnation;
  if (same && state.client.gone && incarnation !== undefined) return ignore('stale-incarnation');
  if (isWaiting(state)) return whileWaiting(step, request, incarnation, same);
  if (isClosing(state)) return wantedAgain(step, request, incarnation);
  if (isStandIn(state)) return whileStandIn(step, request, incarnation);
  return incarnation === undefined || same ? ignore('duplicate') : restarted(step, request, incarnation);
}

function whileWaiting(
  step: Step,
  request: LinkRequest,
  incarnation: string | undefined,
  same: boolean,
): LinkOutcome {
  const { state } = step;
  const asBefore = same && JSON.stringify(request) === JSON.stringify(state.request);
  const outcome = placeNext(step, {
    reason: same || state.phase === 'requested' ? 'requested' : 'client-restarted',
    lives: { ...livesOf(state), client: withIncarnation(state.client, incarnation) },
    failover: state.failover,
    request,
    onlyIfPlaced: asBefore,
  });
  return outcome.kind === 'ignore' ? ignore('duplicate') : outcome;
}

/** Its DR client carries it: the client's new life is told to stand by, and nothing else changes. */
function whileStandIn(step: Step, request: LinkRequest, incarnation: string | undefined): LinkOutcome {
  const { client_id } = step.state.request;
  if (incarnation === undefined || isToldToStandBy(step.state, client_id, incarnation))
    return ignore('duplicate');
  return tellToStandBy(step, client_id, incarnation, request);
}

/** The old placement is over, and the peer is asked still: the next one is with this life. */
function whileAsking(step: Step, request: LinkRequest, client: ClientLife): LinkOutcome {
  const { asking, failover, dueMs } = step.state;
  if (asking === undefined) return ignore('no-change');
  return decided(step, 'failover-started', {
    phase: 'activating',
    reason: 'client-restarted',
    after: { client },
    request,
    asking,
    failover,
    dueMs,
  });
}

/** It was given up, and is asked for again before it had stopped: then it stops for a new placement. */
function wantedAgain(step: Step, request: LinkRequest, incarnation: string | undefined): LinkOutcome {
  const { state } = step;
  return decided(step, 'failover-started', {
    phase: 'stopping',
    reason: 'requested',
    // Its client wants it, whoever carried it.
    after: { client: withIncarnation(state.client, incarnation), carrier: undefined },
    request,
    failover: state.failover && { ...state.failover, reason: 'requested' },
    dueMs: state.dueMs,
    attempt: state.attempt,
  });
}

/** The client lives anew, so its old life carries nothing; but only an answer or silence is proof of that. */
function restarted(step: Step, request: LinkRequest, incarnation: string): LinkOutcome {
  const { state } = step;
  const { placement } = state;
  const client = withIncarnation(state.client, incarnation);
  if (placement === undefined) return whileAsking(step, request, client);
  if (state.phase !== 'stopping') {
    return startStopping(step, { reason: 'client-restarted', placement, after: { client }, request });
  }
  return decided(step, 'failover-started', {
    phase: 'stopping',
    reason: 'client-restarted',
    after: { client },
    request,
    failover: state.failover,
    dueMs: state.dueMs,
    attempt: state.attempt,
  });
}
