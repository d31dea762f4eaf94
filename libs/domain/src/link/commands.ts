import type { LinkRequest, Placement, SidecarCommand } from '#libs/contracts';
import { commandId, decisionId, iso } from '../ids.ts';
import { LINK_POLICY } from '../policy.ts';
import type { LinkState } from './state.ts';

/** The members by which one command differs from another; the rest follows from the decision. */
type Own =
  | 'name'
  | 'agent_id'
  | 'incarnation'
  | 'epoch'
  | 'server_id'
  | 'address'
  | 'client_id'
  | 'link_group'
  | 'dr_client_id'
  | 'requests';
type OwnOf<C> = C extends SidecarCommand ? Pick<C, Extract<keyof C, Own>> : never;
export type CommandSpec = OwnOf<SidecarCommand>;

/** Who stands at the ends of a placement; a command goes to one of them. */
const toClient = ({ client_id, client_incarnation, epoch }: Placement) => ({
  agent_id: client_id,
  incarnation: client_incarnation,
  epoch,
});
const toServer = ({ server_id, server_incarnation, epoch }: Placement) => ({
  agent_id: server_id,
  incarnation: server_incarnation,
  epoch,
});

/** Both leave together; the server side parks a dial that comes before its own command. */
export function openPath(placement: Placement, request: LinkRequest): CommandSpec[] {
  const { client_id, server_id, address } = placement;
  const { link_group, dr_client_id } = request;
  const dial = { ...toClient(placement), server_id, address };
  return [
    {
      name: 'accept-client',
      ...toServer(placement),
      client_id,
      ...(link_group === undefined ? {} : { link_group }),
    },
    client_id === request.client_id
      ? { name: 'connect', ...dial, ...(dr_client_id === undefined ? {} : { dr_client_id }) }
      : { name: 'activate-dr-client', ...dial },
  ];
}

/** What becomes of the application's requests: they wait in the client sidecar for the next epoch, unless there is none for it. */
export type Requests = 'hold' | 'close';

export const drainClient = (placement: Placement, requests: Requests): CommandSpec => ({
  name: 'drain',
  ...toClient(placement),
  ...(requests === 'close' ? { requests } : {}),
});

export const stopServer = (placement: Placement): CommandSpec => ({
  name: 'stop-sending-to-client',
  ...toServer(placement),
});

export const disconnectClient = (placement: Placement, requests: Requests): CommandSpec => ({
  name: 'disconnect',
  ...toClient(placement),
  requests,
});

/**
 * To a client that is no end of the placement: it refuses the placement's epoch, and lets its application go. Its answer
 * ends nothing.
 */
export const standBy = (epoch: number, agent_id: string, incarnation: string): CommandSpec => ({
  name: 'disconnect',
  agent_id,
  incarnation,
  epoch,
  requests: 'close',
});

/** What all commands of one decision have in common. */
export interface CommandContext {
  readonly state: LinkState;
  readonly version: number;
  readonly expiresAt: string;
  readonly decisionId: string;
}

export function commandContext(state: LinkState, version: number, nowMs: number): CommandContext {
  const expiresAt = iso(nowMs + LINK_POLICY.commandExpiryMs);
  return { state, version, expiresAt, decisionId: decisionId(state.connection_id, version) };
}

export function commandOf(spec: CommandSpec, context: CommandContext): SidecarCommand {
  const { state, version } = context;
  return Object.assign({}, spec, {
    command_id: commandId(state.connection_id, version, spec.name, spec.agent_id),
    connection_id: state.connection_id,
    expires_at: context.expiresAt,
    decision_id: context.decisionId,
    home_region: state.home_region,
  }) as SidecarCommand;
}
