import { randomUUID } from 'node:crypto';
import {
  type AgentKind,
  type Connect,
  type HealthReport,
  type SidecarCommand,
  spiffeId,
  TIMING,
  TOPIC,
  topicName,
} from '#libs/contracts';
import type { Log, OutgoingEvent } from '#libs/log';

export const SERVER_GROUP = 'bench';
const REPORT_EVERY_MS = 2_000;

export interface FleetSize {
  readonly clients: number;
  readonly servers: number;
  /** Connections each server takes. */
  readonly capacity: number;
}

interface Agent {
  readonly id: string;
  readonly kind: AgentKind;
  readonly incarnation: string;
}

/** Agents that exist as reports, facts and answers only: what a control loop knows of sidecars. */
export class BenchFleet {
  readonly clients: readonly Agent[];
  readonly servers: readonly Agent[];
  private sequence = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly log: Log,
    private readonly region: string,
    private readonly size: FleetSize,
  ) {
    const agents = (count: number, name: string, kind: AgentKind): Agent[] =>
      Array.from({ length: count }, (_, index) => ({
        id: `${name}-${index}`,
        kind,
        incarnation: randomUUID(),
      }));
    this.clients = agents(size.clients, 'bench-client', 'client-sidecar');
    this.servers = agents(size.servers, 'bench-server', 'server-sidecar');
  }

  /** Begins to report, and returns once the first reports stand. */
  async start(): Promise<void> {
    await this.report();
    this.timer = setInterval(() => void this.report().catch(() => undefined), REPORT_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** A client's request for a link; the client's number in turn. */
  request(index: number): OutgoingEvent {
    const client = this.clients[index % this.clients.length] as Agent;
    return this.fact('connection-request', client, `${client.id}:link-${index}`, {
      kind: 'link',
      client_id: client.id,
      server_group: SERVER_GROUP,
    });
  }

  /** What sidecars say of a command that they have run. */
  answers(command: SidecarCommand): OutgoingEvent[] {
    const agent = [...this.clients, ...this.servers].find(({ id }) => id === command.agent_id);
    if (agent === undefined) return [];
    const { connection_id: id, command_id, epoch, name } = command;
    const done = this.fact('command-succeeded', agent, id, { command_id, epoch, command: name });
    if (name !== 'connect') return [done];
    const { server_id } = command as { name: 'connect' } & Connect;
    const stands = this.fact('new-connection-established', agent, id, {
      client_id: agent.id,
      server_id,
      epoch,
    });
    return [done, stands];
  }

  private fact(type: string, agent: Agent, connectionId: string, data: object): OutgoingEvent {
    return {
      topic: topicName(this.region, TOPIC.connectionStatus),
      key: connectionId,
      id: randomUUID(),
      type,
      source: spiffeId(this.region, agent.kind, agent.id),
      data: { connection_id: connectionId, agent_id: agent.id, incarnation: agent.incarnation, ...data },
    };
  }

  private async report(): Promise<void> {
    this.sequence += 1;
    await this.log.publish([...this.clients, ...this.servers].map((agent) => this.reportOf(agent)));
  }

  private reportOf({ id, kind, incarnation }: Agent): OutgoingEvent {
    const data: HealthReport = {
      agent_id: id,
      incarnation,
      kind,
      control_region: this.region,
      location: 'bench',
      ...(kind === 'server-sidecar' ? { server_group: SERVER_GROUP } : {}),
      sequence: this.sequence,
      interval_ms: REPORT_EVERY_MS,
      lease_ms: TIMING.leaseMs,
      address: '127.0.0.1:1',
      capacity: kind === 'server-sidecar' ? this.size.capacity : 100_000,
      draining: false,
      software_version: '0.0.0',
      connections: [],
    };
    return {
      topic: topicName(this.region, TOPIC.healthReports),
      key: id,
      id: `${incarnation}/${this.sequence}`,
      type: 'health-report',
      source: spiffeId(this.region, kind, id),
      data,
    };
  }
}
