import { LIMITS, type PolicySettings } from '#libs/contracts';
import type { Fact } from '../decider.ts';
import { msOf } from '../ids.ts';

/** Which of two settings of one thing counts: the higher version, then the higher `ce_id`. */
export interface SettingOrder {
  readonly setting_version: number;
  readonly event_id: string;
}

/** One policy, as it was set last. */
export interface Policy extends SettingOrder {
  readonly name: string;
  /** Links of this group that name no policy of their own go by it. */
  readonly server_group?: string;
  readonly settings: PolicySettings;
}

/** No planned moves and no failback until then; a time that has passed is no freeze. */
export interface Freeze extends SettingOrder {
  readonly untilMs: number;
}

/** An operator agreed that links held for this cause move, and those that fail for it until then. */
export interface Approval extends SettingOrder {
  readonly cause: string;
  readonly untilMs: number;
}

/** What operators set for one control region; plain data, as it goes into checkpoints and snapshots. */
export interface Settings {
  /** By name, at most LIMITS.policies. */
  readonly policies: readonly Policy[];
  readonly freeze?: Freeze;
  /** The latest first, at most LIMITS.approvals. */
  readonly approvals: readonly Approval[];
}

export const EMPTY_SETTINGS: Settings = { policies: [], approvals: [] };

const SETTING_FACTS = ['policy-change-requested', 'freeze-requested', 'failover-approved'] as const;
export type SettingFact = Extract<Fact, { name: (typeof SETTING_FACTS)[number] }>;

export function isSettingFact(fact: Fact): fact is SettingFact {
  return (SETTING_FACTS as readonly string[]).includes(fact.name);
}

/** One setting, out of a fact or of the decision on it. */
export type SettingChange =
  | { readonly kind: 'policy'; readonly policy: Policy }
  | { readonly kind: 'freeze'; readonly freeze: Freeze }
  | { readonly kind: 'approval'; readonly approval: Approval };

export function changeOf(fact: SettingFact): SettingChange {
  const order = { setting_version: fact.data.setting_version, event_id: fact.id };
  switch (fact.name) {
    case 'policy-change-requested': {
      const { policy: name, server_group, settings } = fact.data;
      const group = server_group === undefined ? {} : { server_group };
      return { kind: 'policy', policy: { ...order, name, ...group, settings } };
    }
    case 'freeze-requested':
      return { kind: 'freeze', freeze: { ...order, untilMs: msOf(fact.data.until) } };
    case 'failover-approved': {
      const { cause, until } = fact.data;
      return { kind: 'approval', approval: { ...order, cause, untilMs: msOf(until) } };
    }
    default:
      return fact satisfies never;
  }
}

/**
 * The settings after a change; the same value when it is older than what is known. The result does not depend on the
 * order in which changes come, nor on how often, so that every partition of a region comes to the same one.
 */
export function withSetting(settings: Settings, change: SettingChange): Settings {
  switch (change.kind) {
    case 'policy':
      return withPolicy(settings, change.policy);
    case 'freeze':
      return isLater(change.freeze, settings.freeze) ? { ...settings, freeze: change.freeze } : settings;
    case 'approval':
      return withApproval(settings, change.approval);
    default:
      return change satisfies never;
  }
}

/** Beyond the bound the names that sort last are left out: whatever came first, everybody keeps the same ones. */
function withPolicy(settings: Settings, policy: Policy): Settings {
  const known = settings.policies.find(({ name }) => name === policy.name);
  if (!isLater(policy, known)) return settings;
  const others = settings.policies.filter((each) => each !== known);
  const policies = [...others, policy].sort((a, b) => compare(a.name, b.name)).slice(0, LIMITS.policies);
  return policies.includes(policy) ? { ...settings, policies } : settings;
}

/** Beyond the bound the oldest are left out; an approval only ever gets later, so here too the order is all one. */
function withApproval(settings: Settings, approval: Approval): Settings {
  const known = settings.approvals.find(({ cause }) => cause === approval.cause);
  if (!isLater(approval, known)) return settings;
  const others = settings.approvals.filter((each) => each !== known);
  const approvals = [...others, approval]
    .sort((a, b) => -order(a, b) || compare(a.cause, b.cause))
    .slice(0, LIMITS.approvals);
  return approvals.includes(approval) ? { ...settings, approvals } : settings;
}

const isLater = (one: SettingOrder, known: SettingOrder | undefined): boolean =>
  known === undefined || order(one, known) > 0;

const order = (a: SettingOrder, b: SettingOrder): number =>
  a.setting_version - b.setting_version || compare(a.event_id, b.event_id);

/** By code unit: the same everywhere, whatever the locale. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Until when planned moves are held back; absent: they are not. */
export function frozenUntilMs({ freeze }: Settings, nowMs: number): number | undefined {
  return freeze !== undefined && nowMs < freeze.untilMs ? freeze.untilMs : undefined;
}

/** Whether an operator agreed to moves for this cause, and the agreement still holds. */
export function isApproved({ approvals }: Settings, cause: string, nowMs: number): boolean {
  return approvals.some((each) => each.cause === cause && nowMs < each.untilMs);
}
