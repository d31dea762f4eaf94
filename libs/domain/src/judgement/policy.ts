import { POLICY_DEFAULTS, type PolicySettings } from '#libs/contracts';
import type { Settings } from './settings.ts';

/** What one link goes by. */
export interface PolicyInForce {
  /** Absent: POLICY_DEFAULTS. */
  readonly name?: string;
  /** Its `setting_version`; 0: POLICY_DEFAULTS. */
  readonly version: number;
  readonly settings: Required<PolicySettings>;
}

const DEFAULTS: PolicyInForce = { version: 0, settings: POLICY_DEFAULTS };

/**
 * The policy that the link asked for, if there is one of that name; else the one for its server group (of several the
 * one whose name sorts first); else POLICY_DEFAULTS. What a policy does not say is as POLICY_DEFAULTS has it.
 */
export function policyOf(
  request: { readonly policy?: string; readonly server_group: string },
  { policies }: Settings,
): PolicyInForce {
  if (policies.length === 0) return DEFAULTS;
  const own = request.policy === undefined ? undefined : policies.find(({ name }) => name === request.policy);
  const policy = own ?? policies.find(({ server_group }) => server_group === request.server_group);
  if (policy === undefined) return DEFAULTS;
  const { name, setting_version, settings } = policy;
  return { name, version: setting_version, settings: { ...POLICY_DEFAULTS, ...settings } };
}
