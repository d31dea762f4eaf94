import {
  type Candidate,
  type DecisionReason,
  type Evidence,
  type ReservationDecision,
  TIMING,
} from '#libs/contracts';
import { type Fact, type FactInput, type Input, ignore, reject } from '../decider.ts';
import type { FleetAgent } from '../fleet.ts';
import { alreadyHandled, evidenceOf } from '../handled.ts';
import { iso } from '../ids.ts';
import { choose } from '../placement/index.ts';
import { RESERVATION_POLICY } from '../policy.ts';
import { heldServer, type Refusal, type ReservationOutcome, type ReservationState } from './state.ts';

type FactOf<N extends Fact['name']> = Extract<Fact, { name: N }>;
type Asked = FactOf<'server-requested'>['data'];

/**
 * What follows for a server that a peer wants for a connection of its own. Every question gets exactly one decision or is
 * rejected, so that whoever published it can wait for either; and one epoch gets one answer. A first question for
 * a connection that is named after another region's agent is rejected: a refusal is a state, and would make the name the
 * peer's for good.
 */
export function decide(
  connectionId: string,
  state: ReservationState | undefined,
  input: Input,
): ReservationOutcome {
  // A reservation ends by its time alone, which needs no decision.
  if (input.kind === 'time') return ignore('not-due');
  if (alreadyHandled(state?.handled, input.origin)) return ignore('already-handled');
  const { fact } = input;
  switch (fact.name) {
    case 'server-requested':
      return onRequested(connectionId, state, input, fact.data);
    case 'new-connection-established':
      return onEstablished(state, input, fact);
    case 'connection-request':
      return reject(
        'wrong-home-region',
        'the connection has its home in the region that asked for its server',
      );
    default:
      return ignore('not-concerned');
  }
}

function onRequested(
  connectionId: string,
  state: ReservationState | undefined,
  input: FactInput,
  asked: Asked,
): ReservationOutcome {
  // A question is put to the region whose topic it stands in.
  if (input.region !== input.ownRegion) return ignore('other-home-region');
  if (asked.requesting_region === input.ownRegion) {
    return reject('invalid-data', 'a control region does not ask itself');
  }
  const answer = new Answer(connectionId, state, input, asked);
  const sameHome = state?.requesting_region === asked.requesting_region;
  if (sameHome && asked.epoch < state.epoch) return answer.refused('stale-epoch');
  if (sameHome && asked.epoch === state.epoch) return again(answer, state, input.nowMs);
  const { agents } = input.fleet;
  const owner = agents.get(connectionId.slice(0, connectionId.indexOf(':')));
  if (state === undefined && owner !== undefined && owner.region !== asked.requesting_region) {
    return reject('wrong-home-region', `${connectionId} is named after an agent of ${owner.region}`);
  }
  const client = agents.get(asked.client_id);
  if (client?.kind !== 'client-sidecar' || client.region !== asked.requesting_region) {
    return answer.refused('unknown-client');
  }
  return reserve(answer, client, state, input);
}

/** The same question again: what became of the first one. */
function again(answer: Answer, state: ReservationState, nowMs: number): ReservationOutcome {
  if (state.refused !== undefined) return answer.refused(state.refused, { repeated: true });
  if (state.used || heldServer(state, nowMs) !== undefined) return answer.standing('repeated', state);
  return answer.refused('expired', { repeated: true }, state);
}

function reserve(
  answer: Answer,
  client: FleetAgent,
  state: ReservationState | undefined,
  { nowMs, fleet }: FactInput,
): ReservationOutcome {
  const { failed_server_id, server_group } = answer.asked;
  const choice = choose(
    {
      connectionId: answer.connectionId,
      serverGroup: server_group,
      location: client.location,
      nowMs,
      // The later question takes the place of the earlier one.
      holder: state && heldServer(state, nowMs),
      ...(failed_server_id === undefined ? {} : { without: new Map([[failed_server_id, 'failed']]) }),
    },
    fleet,
  );
  if (choice.chosen === undefined)
    return answer.refused('no-capacity', undefined, undefined, choice.candidates);
  return answer.reserved(
    choice.chosen,
    nowMs + (fleet.reservationMs ?? TIMING.reservationMs),
    choice.candidates,
  );
}

/** The connection's home says that the path stands: what was reserved is used. */
function onEstablished(
  state: ReservationState | undefined,
  input: FactInput,
  { data, timeMs }: FactOf<'new-connection-established'>,
): ReservationOutcome {
  if (state === undefined) return ignore('unknown-connection');
  const home = data.home_region ?? input.region;
  if (home !== state.requesting_region) return ignore('other-home-region');
  if (data.epoch < state.epoch) return ignore('stale-epoch');
  if (data.epoch > state.epoch) return ignore('future-epoch');
  if (state.used) return ignore('duplicate');
  if (state.refused !== undefined || data.server_id !== state.server_id) return ignore('not-concerned');
  // What had ended by then was not used, whoever carries it now.
  if (state.expiresMs === undefined || timeMs >= state.expiresMs) return ignore('no-change');
  return new Answer(state.connection_id, state, input, state).standing('established', state, true);
}

/** The decisions on one input. */
class Answer {
  constructor(
    readonly connectionId: string,
    private readonly state: ReservationState | undefined,
    private readonly input: FactInput,
    readonly asked: Pick<
      Asked,
      'epoch' | 'client_id' | 'server_group' | 'failed_server_id' | 'requesting_region'
    >,
  ) {}

  reserved(
    { agent_id, incarnation, address }: FleetAgent,
    expiresMs: number,
    candidates: Candidate[],
  ): ReservationOutcome {
    const held = {
      server_id: agent_id,
      server_incarnation: incarnation,
      address,
      expires_at: iso(expiresMs),
    };
    return {
      kind: 'append',
      name: 'server-reserved',
      data: { ...this.base('reserved'), ...held, candidates },
    };
  }

  standing(reason: DecisionReason, state: ReservationState, used = state.used): ReservationOutcome {
    const data = { ...this.base(reason), ...heldOf(state), ...(used ? { used } : {}) };
    return { kind: 'append', name: 'server-reserved', data };
  }

  refused(
    reason: Refusal,
    values?: Evidence['values'],
    ended?: ReservationState,
    candidates?: Candidate[],
  ): ReservationOutcome {
    const data = {
      ...this.base(reason, values),
      ...(ended ? heldOf(ended) : {}),
      ...(candidates ? { candidates } : {}),
    };
    return { kind: 'append', name: 'server-refused', data };
  }

  private base(reason: DecisionReason, values?: Evidence['values']): ReservationDecision {
    const { input, asked, state } = this;
    return {
      connection_id: this.connectionId,
      kind: 'reservation',
      home_region: input.ownRegion,
      requesting_region: asked.requesting_region,
      client_id: asked.client_id,
      server_group: asked.server_group,
      ...(asked.failed_server_id === undefined ? {} : { failed_server_id: asked.failed_server_id }),
      version: (state?.version ?? 0) + 1,
      epoch: asked.epoch,
      reason,
      rule: RESERVATION_POLICY.rule,
      policy_version: RESERVATION_POLICY.version,
      decided_at: iso(input.nowMs),
      evidence: [evidenceOf(input, undefined, values)],
      commands: [],
    };
  }
}

function heldOf({
  server_id,
  server_incarnation,
  address,
  expiresMs,
}: ReservationState): Partial<ReservationDecision> {
  return {
    ...(server_id === undefined ? {} : { server_id }),
    ...(server_incarnation === undefined ? {} : { server_incarnation }),
    ...(address === undefined ? {} : { address }),
    ...(expiresMs === undefined ? {} : { expires_at: iso(expiresMs) }),
  };
}
