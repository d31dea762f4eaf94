import type { AgentView } from '#libs/registry';
import type { Random } from '../../simulation/random.ts';

/** An agent of the stage, as its latest report told it. */
export interface StageAgent extends Omit<AgentView, 'connections' | 'last_heartbeat' | 'health_score'> {
  readonly kind: 'client-sidecar' | 'server-sidecar' | 'broker';
  readonly control_region: string;
  readonly location: string;
  readonly capacity: number;
  readonly incarnation: string;
  draining: boolean;
  status: AgentView['status'];
  /** Milliseconds since 1970 of the report that was its last; absent: it goes on reporting. */
  lastReportMs?: number;
  version?: number;
  updated_at?: string;
}

/** Servers of a group of their own for the links that are alone with one server. */
export const SMALL_GROUP = 'settlement';
export const GROUP = 'scheme';
const LINKS_PER_CLIENT = 25;
const LINKS_PER_SERVER = 250;
const CLIENT_ZONES = ['east-1a', 'east-1b', 'east-1c'];
const SERVER_ZONES = ['west-2a', 'west-2b', 'west-2c'];
const VERSION = '0.1.0';

export interface FleetSize {
  readonly clients: number;
  readonly servers: number;
}

export function sizeFor(links: number): FleetSize {
  return {
    clients: Math.max(6, Math.ceil(links / LINKS_PER_CLIENT)),
    servers: Math.max(6, Math.ceil(links / LINKS_PER_SERVER)),
  };
}

export const clientName = (n: number): string => `bank-client-${String(n + 1).padStart(2, '0')}`;
export const serverName = (n: number): string => `scheme-server-${String(n + 1).padStart(2, '0')}`;
export const DR_CLIENT = 'bank-client-dr';
/** Number of the server that is killed a while before the world is looked at. */
export const DEAD_SERVER = 1;
export const SMALL_SERVER = 'settlement-server-1';
/** As SessionScenario has them: the first two stand in the east. */
export const BROKERS = ['us-1', 'us-2', 'in-3', 'in-4'] as const;

/** All agents of the stage: sidecars in both regions, brokers in both. */
export function makeFleet({ clients, servers }: FleetSize, links: number, random: Random): StageAgent[] {
  const life = () => `life-${random.between(0x100000, 0xffffff).toString(16)}`;
  const agent = (
    about: Pick<StageAgent, 'agent_id' | 'kind' | 'control_region' | 'location' | 'capacity'>,
    more: Partial<StageAgent> = {},
  ): StageAgent => ({
    ...about,
    draining: false,
    status: 'alive',
    incarnation: life(),
    address: `${about.agent_id}.${about.control_region}.example:8583`,
    software_version: `trunkline-${about.kind === 'broker' ? 'broker' : 'sidecar'}/${VERSION}`,
    ...more,
  });
  const client = (agent_id: string, n: number) =>
    agent({
      agent_id,
      kind: 'client-sidecar',
      control_region: 'east',
      location: CLIENT_ZONES[n % CLIENT_ZONES.length] as string,
      capacity: Math.ceil((1.4 * links) / clients),
    });
  const server = (agent_id: string, n: number, server_group: string) =>
    agent(
      {
        agent_id,
        kind: 'server-sidecar',
        control_region: 'west',
        location: SERVER_ZONES[n % SERVER_ZONES.length] as string,
        capacity: Math.ceil((1.7 * links) / servers),
      },
      { server_group },
    );
  return [
    ...Array.from({ length: clients }, (_none, n) => client(clientName(n), n)),
    client(DR_CLIENT, 1),
    ...Array.from({ length: servers }, (_none, n) => server(serverName(n), n, GROUP)),
    server(SMALL_SERVER, 1, SMALL_GROUP),
    ...BROKERS.map((agent_id) =>
      agent({
        agent_id,
        kind: 'broker',
        control_region: agent_id.startsWith('us') ? 'east' : 'west',
        location: agent_id.startsWith('us') ? 'us-east' : 'ap-south',
        capacity: 100,
      }),
    ),
  ];
}
