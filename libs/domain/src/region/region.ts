import type { DecisionReason, RegionDecision, RegionDecisionName } from '#libs/contracts';
import { type FactInput, type Input, ignore } from '../decider.ts';
import { alreadyHandled, evidenceOf, withHandled } from '../handled.ts';
import { iso, msOf } from '../ids.ts';
import {
  changeOf,
  EMPTY_SETTINGS,
  isSettingFact,
  type SettingChange,
  type SettingFact,
  withSetting,
} from '../judgement/index.ts';
import { REGION_POLICY } from '../policy.ts';
import type { RegionDecided, RegionOutcome, RegionState } from './state.ts';

/**
 * The record of what operators set for their control region, made once, by the owner of the region's key. Links go by
 * the same facts as their own partitions read them; both keep the later of two settings, so that they agree.
 */
export function decide(state: RegionState | undefined, input: Input): RegionOutcome {
  if (input.kind === 'time') return ignore('not-due');
  if (alreadyHandled(state?.handled, input.origin)) return ignore('already-handled');
  const { fact } = input;
  if (!isSettingFact(fact)) return ignore('not-concerned');
  if (fact.data.control_region !== input.ownRegion) return ignore('other-home-region');
  const known = state?.settings ?? EMPTY_SETTINGS;
  if (withSetting(known, changeOf(fact)) === known) return ignore('stale-setting');
  const [name, reason] = decidedOn(fact, input.nowMs);
  return { kind: 'append', name, data: dataOf(state, input, fact, reason) };
}

function decidedOn(fact: SettingFact, nowMs: number): [RegionDecisionName, DecisionReason] {
  switch (fact.name) {
    case 'policy-change-requested':
      return ['policy-changed', 'operator-request'];
    case 'freeze-requested':
      return ['freeze-changed', nowMs < msOf(fact.data.until) ? 'freeze' : 'suppression-over'];
    case 'failover-approved':
      return ['failovers-approved', 'approved'];
    default:
      return fact satisfies never;
  }
}

function dataOf(
  state: RegionState | undefined,
  input: FactInput,
  fact: SettingFact,
  reason: DecisionReason,
): RegionDecision {
  const { control_region, requested_by, setting_version } = fact.data;
  return {
    control_region,
    requested_by,
    setting_version,
    event_id: fact.id,
    ...ownMembers(fact),
    ...(fact.data.reason === undefined ? {} : { note: fact.data.reason }),
    version: (state?.version ?? 0) + 1,
    // A region has no placements; the member is there because every decision has it.
    epoch: 1,
    reason,
    rule: REGION_POLICY.rule,
    policy_version: REGION_POLICY.version,
    decided_at: iso(input.nowMs),
    evidence: [evidenceOf(input, undefined, { requested_by, setting_version })],
    commands: [],
  };
}

function ownMembers(fact: SettingFact): Partial<RegionDecision> {
  switch (fact.name) {
    case 'policy-change-requested': {
      const { policy, server_group, settings } = fact.data;
      return { policy_name: policy, ...(server_group === undefined ? {} : { server_group }), settings };
    }
    case 'freeze-requested':
      return { until: fact.data.until };
    case 'failover-approved': {
      const { until, cause, failover_id } = fact.data;
      return { until, cause, failover_id };
    }
    default:
      return fact satisfies never;
  }
}

export function evolve(state: RegionState | undefined, { name, data }: RegionDecided): RegionState {
  return {
    control_region: data.control_region,
    version: data.version,
    settings: withSetting(state?.settings ?? EMPTY_SETTINGS, changeIn(name, data)),
    handled: withHandled(state?.handled, data.evidence[0]),
  };
}

/** A decision holds what its fact said. */
function changeIn(name: RegionDecisionName, data: RegionDecision): SettingChange {
  const order = { setting_version: data.setting_version, event_id: data.event_id };
  const untilMs = msOf(data.until ?? data.decided_at);
  switch (name) {
    case 'policy-changed': {
      const { policy_name = '', server_group, settings = {} } = data;
      const group = server_group === undefined ? {} : { server_group };
      return { kind: 'policy', policy: { ...order, name: policy_name, ...group, settings } };
    }
    case 'freeze-changed':
      return { kind: 'freeze', freeze: { ...order, untilMs } };
    case 'failovers-approved':
      return { kind: 'approval', approval: { ...order, cause: data.cause ?? '', untilMs } };
    default:
      return name satisfies never;
  }
}
