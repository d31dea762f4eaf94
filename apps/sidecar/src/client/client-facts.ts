import type { Commanded } from '#libs/agent';
import type { LossReason, SidecarCommand } from '#libs/contracts';
import type { SidecarContext } from '../context.ts';

/** The commands that make a path. */
export type Connect = Extract<SidecarCommand, { name: 'connect' | 'activate-dr-client' }>;

/** The path of this command stands, end to end. */
export function publishEstablished(agent: SidecarContext, command: Connect, { at, trace }: Commanded): void {
  const { identity, vigil, facts } = agent;
  const established = {
    connection_id: command.connection_id,
    home_region: command.home_region,
    agent_id: identity.agentId,
    incarnation: vigil.incarnation,
    client_id: identity.agentId,
    server_id: command.server_id,
    epoch: command.epoch,
    commanded_at: at,
  };
  facts.publish('new-connection-established', command.connection_id, established, trace);
  agent.changed();
}

export interface LostPath {
  readonly connectionId: string;
  readonly homeRegion: string;
  readonly serverId: string;
  readonly epoch: number;
}

/** This client stopped carrying that epoch, for its own reason or for what it saw of the path. */
export function publishLost(agent: SidecarContext, lost: LostPath, reason: LossReason): void {
  const { identity, vigil, facts, metrics, log } = agent;
  const { connectionId, homeRegion, serverId, epoch } = lost;
  metrics.pathsEnded.inc({ reason });
  log.warn({ connection_id: connectionId, epoch, server_id: serverId, reason }, 'path lost');
  facts.publish('connection-lost', connectionId, {
    connection_id: connectionId,
    home_region: homeRegion,
    agent_id: identity.agentId,
    incarnation: vigil.incarnation,
    client_id: identity.agentId,
    server_id: serverId,
    epoch,
    reason,
    observed_by: identity.kind,
  });
  agent.changed();
}
