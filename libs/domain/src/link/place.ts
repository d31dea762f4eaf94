import type { DecisionReason, Evidence, FailoverLedger, LinkRequest, Placement } from '#libs/contracts';
import { ignore } from '../decider.ts';
import { iso } from '../ids.ts';
import { type Choice, choose, type Need } from '../placement/index.ts';
import { LINK_POLICY } from '../policy.ts';
import { remembered, serverUntilMs } from './backoff.ts';
import { type ClientView, viewClient } from './client.ts';
import { type CommandSpec, openPath } from './commands.ts';
import { decided, type Step } from './draft.ts';
import { type BackoffState, type ClientLife, isClosed, type LinkOutcome, type LinkState } from './state.ts';

/** How a link without a placement, or whose placement is over, is to be placed next. */
export interface Plan {
  readonly reason: DecisionReason;
  /** The move that this is part of; absent: the link never stood. */
  readonly failover?: FailoverLedger | undefined;
  readonly client?: ClientLife;
  readonly backoffs?: readonly BackoffState[];
  /** What lets the ends of the old placement go; `(server chosen) → commands`. */
  readonly release?: (chosenServer: string | undefined) => readonly CommandSpec[];
  /** A server to leave, if any other fits. */
  readonly avoid?: string | undefined;
  readonly request?: LinkRequest;
  /** Back-offs do not count: somebody asked for it. */
  readonly insist?: boolean;
  /** Nothing is decided unless a server fits. */
  readonly onlyIfPlaced?: boolean;
  readonly values?: Evidence['values'] | undefined;
}

/** Decides the next placement, with the next epoch, or that the link must wait for one. */
export function placeNext(given: Step, plan: Plan): LinkOutcome {
  const state = plan.request ? { ...given.state, request: plan.request } : given.state;
  const step = { ...given, state };
  const backoffs = remembered(plan.backoffs ?? state.backoffs, step.input.nowMs);
  const view = viewClient(step, plan.client ?? state.client, plan.insist ? [] : backoffs);
  const choice = view.ok ? chooseFor(step, backoffs, plan) : undefined;
  if (view.ok && choice?.chosen) return placed(step, plan, { view, choice, backoffs });
  if (plan.onlyIfPlaced) return ignore(view.ok ? 'no-better-server' : 'no-change');
  return waiting(step, plan, { view, choice, backoffs });
}

/** What this link needs of a server now. */
export function needOf({ state, input }: Step, backoffs: readonly BackoffState[] = state.backoffs): Need {
  const { server_group, preferred_server, link_group, client_id } = state.request;
  const location = input.fleet.agents.get(client_id)?.location;
  return {
    connectionId: state.connection_id,
    serverGroup: server_group,
    ...(preferred_server === undefined ? {} : { preferredServer: preferred_server }),
    ...(link_group === undefined ? {} : { linkGroup: link_group }),
    ...(location === undefined ? {} : { location }),
    nowMs: input.nowMs,
    holder: state.placement?.server_id,
    backoffUntilMs: serverUntilMs(backoffs, client_id),
  };
}

function chooseFor(step: Step, backoffs: readonly BackoffState[], plan: Plan): Choice {
  const need = needOf(step, plan.insist ? [] : backoffs);
  if (plan.avoid === undefined) return choose(need, step.input.fleet);
  const choice = choose({ ...need, without: new Map([[plan.avoid, 'left']]) }, step.input.fleet);
  return choice.chosen ? choice : choose(need, step.input.fleet);
}

interface Found {
  readonly view: ClientView;
  readonly choice: Choice | undefined;
  readonly backoffs: readonly BackoffState[];
}

function placed(
  step: Step,
  plan: Plan,
  { view, choice, backoffs }: Found & { view: { ok: true }; choice: Choice },
): LinkOutcome {
  const { state, input } = step;
  const { chosen } = choice;
  if (chosen === undefined) return ignore('no-better-server');
  const client = input.fleet.agents.get(state.request.client_id);
  const placement: Placement = {
    epoch: state.epoch + 1,
    client_id: state.request.client_id,
    client_incarnation: view.incarnation,
    server_id: chosen.agent_id,
    server_incarnation: chosen.incarnation,
    address: chosen.address,
    server_region: chosen.region,
    leased: chosen.leaseMs !== undefined || client?.leaseMs !== undefined,
    ...(client?.leaseMs === undefined ? {} : { client_lease_ms: client.leaseMs }),
    ...(chosen.leaseMs === undefined ? {} : { server_lease_ms: chosen.leaseMs }),
  };
  const first = isFirst(state);
  return decided(step, first ? 'connection-assigned' : 'failover-decided', {
    phase: first ? 'assigned' : 'activating',
    reason: plan.reason,
    after: {
      placement,
      client: view.life,
      backoffs,
      failover_target: choice.target?.agent_id,
      health_score: undefined,
      leave: undefined,
    },
    commands: [...openPath(placement), ...(plan.release?.(chosen.agent_id) ?? [])],
    candidates: choice.candidates,
    dueMs: input.nowMs + LINK_POLICY.commandGiveUpMs,
    ...(plan.request ? { request: plan.request } : {}),
    failover: first ? undefined : ledgerTo(plan.failover, chosen.agent_id, input.nowMs),
    values: plan.values,
  });
}

function waiting(step: Step, plan: Plan, { view, choice, backoffs }: Found): LinkOutcome {
  const { state } = step;
  const first = isFirst(state);
  return decided(step, first ? 'connection-requested' : 'failover-failed', {
    phase: first ? 'requested' : 'waiting-for-capacity',
    reason: waitReason(view, plan),
    after: {
      placement: undefined,
      client: view.life,
      backoffs,
      failover_target: undefined,
      health_score: undefined,
      leave: undefined,
    },
    commands: plan.release?.(undefined) ?? [],
    candidates: choice?.candidates,
    // Without a time the fleet wakes it: a server or its client is heard again.
    dueMs: view.ok ? choice?.retryAtMs : view.untilMs,
    ...(plan.request ? { request: plan.request } : {}),
    failover: first ? undefined : plan.failover,
    values: plan.values,
  });
}

function waitReason(view: ClientView, plan: Plan): DecisionReason {
  if (view.ok) return 'no-capacity';
  return view.why === 'backing-off' ? plan.reason : view.why;
}

/** Whether it is still the first placement that is looked for, so that nothing fails over. */
const isFirst = (state: LinkState): boolean => state.phase === 'requested' || isClosed(state);

function ledgerTo(ledger: FailoverLedger | undefined, to: string, nowMs: number): FailoverLedger | undefined {
  return ledger && { ...ledger, to, decided_at: iso(nowMs) };
}
