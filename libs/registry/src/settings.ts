import {
  LIMITS,
  type PolicySettings,
  type RegionDecision,
  type RegionDecisionName,
  regionKey,
} from '#libs/contracts';
import type { RedisClient } from './client.ts';
import { KEYS } from './keys.ts';

/** Who set something, and when it was decided. */
interface Set {
  readonly control_region: string;
  readonly requested_by: string;
  readonly reason?: string;
  /** RFC 3339: when it was decided. */
  readonly updated_at: string;
}

/** A policy of a control region, as it was set last. */
export interface PolicyView extends Set {
  readonly name: string;
  /** What decisions cite as `policy_version`. */
  readonly version: number;
  readonly server_group?: string;
  readonly settings: PolicySettings;
}

/** The freeze that was asked for last; whether it still holds follows from its time. */
export interface FreezeView extends Set {
  /** RFC 3339. */
  readonly until: string;
}

const POLICY = 'policy:';
const FREEZE = 'freeze';

/** The fields of a region's row that a decision sets. Approvals leave nothing to be read but their version. */
export function settingFields(name: RegionDecisionName, data: RegionDecision): Record<string, string> {
  const { control_region, requested_by, note: reason, decided_at: updated_at } = data;
  const set = { control_region, requested_by, reason, updated_at };
  switch (name) {
    case 'policy-changed': {
      const { policy_name, setting_version: version, server_group, settings } = data;
      const policy = { name: policy_name, version, server_group, settings, ...set };
      return { [`${POLICY}${policy_name}`]: JSON.stringify(policy) };
    }
    case 'freeze-changed':
      return { [FREEZE]: JSON.stringify({ until: data.until, ...set }) };
    case 'failovers-approved':
      return {};
    default:
      return name satisfies never;
  }
}

/** By name; as many as the deciders keep. */
export async function listPolicies(client: RedisClient, region: string): Promise<PolicyView[]> {
  const [found] = await client.run([['hgetall', KEYS.settings(regionKey(region))]]);
  return Object.entries(found as Record<string, string>)
    .filter(([field]) => field.startsWith(POLICY))
    .map(([, json]) => JSON.parse(json) as PolicyView)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .slice(0, LIMITS.policies);
}

export async function onePolicy(
  client: RedisClient,
  region: string,
  name: string,
): Promise<PolicyView | undefined> {
  return field<PolicyView>(client, region, `${POLICY}${name}`);
}

/** Undefined: none was ever asked for. */
export async function freezeOf(client: RedisClient, region: string): Promise<FreezeView | undefined> {
  return field<FreezeView>(client, region, FREEZE);
}

async function field<T>(client: RedisClient, region: string, name: string): Promise<T | undefined> {
  const [json] = await client.run([['hget', KEYS.settings(regionKey(region)), name]]);
  return json === null ? undefined : (JSON.parse(json as string) as T);
}
