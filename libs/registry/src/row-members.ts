import type { AgentDecision, LinkDecision, RegionDecision, SessionDecision } from '#libs/contracts';

/** The members of a decision that are looked at by this library; `data` may lack all others, `dataJson` none. */
export const ROW_MEMBERS = [
  'connection_id',
  'agent_id',
  'version',
  'kind',
  'status',
  'phase',
  'epoch',
  'home_region',
  'client_id',
  'server_id',
  'broker_id',
  'failover_target',
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
