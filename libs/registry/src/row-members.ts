import type { AgentDecision, LinkDecision, RegionDecision, SessionDecision } from '#libs/contracts';

/** What each decision on a connection says of its row, all of it: a row as of then is one decision's. */
export const HISTORY_MEMBERS = [
  'kind',
  'status',
  'phase',
  'epoch',
  'home_region',
  'client_id',
  'server_id',
  'broker_id',
  'failover_target',
] as const;

/** The members of a decision that are looked at by this library; `data` may lack all others, `dataJson` none. */
export const ROW_MEMBERS = [
  'connection_id',
  'agent_id',
  'version',
  ...HISTORY_MEMBERS,
  'failover',
  'decided_at',
  'control_region',
  'incarnation',
  'suppressed',
  'requested_by',
  'setting_version',
  'policy_name',
  'server_group',
  'settings',
  'until',
  'note',
] as const satisfies readonly (
  | keyof LinkDecision
  | keyof SessionDecision
  | keyof AgentDecision
  | keyof RegionDecision
)[];
