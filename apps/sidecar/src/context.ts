import type { AgentContext, Carrier } from '#libs/agent';
import type { SidecarCommand } from '#libs/contracts';
import type { SidecarMetrics } from './metrics.ts';

/** What both roles work with. */
export type SidecarContext = AgentContext<SidecarMetrics>;

/** One of the two roles: what carries links. */
export interface LinkCarrier extends Carrier<SidecarCommand> {
  /** Requests that wait for a path or a backend. */
  readonly held: number;
}
