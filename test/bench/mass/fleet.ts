import { randomUUID } from 'node:crypto';
import {
  type Connect,
  LIMITS,
  type SidecarCommand,
  spiffeId,
  TIMING,
  TOPIC,
  topicName,
} from '#libs/contracts';
import type { Batch, Consumer, Log, OutgoingEvent } from '#libs/log';
import { type Answer, DONE, type SidecarIs, SimulatedSidecar } from './sidecars.ts';

/** As a sidecar's outbox sends them. */
const FACTS_PER_PUBLISH = 500;
const SWEEP_EVERY_MS = 250;

interface Parked {
  readonly client: SimulatedSidecar;
  readonly command: SidecarCommand & Connect;
  readonly commandedAt: string;
  readonly untilMs: number;
}

export interface MassFleetGiven {
  /** Facts and reports leave by it. */
  readonly log: Log;
  readonly regions: readonly string[];
  readonly sidecars: readonly SidecarIs[];
  /** A `connect` arrived at its client. */
  readonly connected: (connectionId: string, epoch: number) => void;
}

/** Sidecars without traffic in one process: they report, take commands and answer them at once, by the contract. */
export class MassFleet {
  readonly all = new Map<string, SimulatedSidecar>();
  /** What the first failure was; a bench whose agents could not speak measured nothing. */
  failure: unknown;
  private readonly parked = new Map<string, Parked>();
  private readonly timers: NodeJS.Timeout[] = [];
  private commands: Consumer | undefined;
  private queue: OutgoingEvent[] = [];
  private pumping: Promise<void> | undefined;

  constructor(private readonly given: MassFleetGiven) {
    for (const is of given.sidecars) this.all.set(is.id, new SimulatedSidecar(is));
  }

  async start(): Promise<void> {
    const { log, regions } = this.given;
    this.commands = await log.tail({
      topics: regions.map((region) => topicName(region, TOPIC.failoverCommands)),
      from: 'end',
      onBatch: async (batch) => this.take(batch),
    });
    await this.report();
    this.timers.push(
      setInterval(
        () => void this.report().catch((error: unknown) => this.fail(error)),
        TIMING.reportIntervalMs,
      ),
      setInterval(() => this.sweep(), SWEEP_EVERY_MS),
    );
  }

  async stop(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    await this.commands?.stop();
    await this.pumping;
  }

  get(id: string): SimulatedSidecar {
    const found = this.all.get(id);
    if (found === undefined) throw new Error(`there is no sidecar ${id}`);
    return found;
  }

  say(sidecar: SimulatedSidecar, type: string, connectionId: string, data: object): void {
    const { id, kind, region } = sidecar.is;
    this.queue.push({
      topic: topicName(region, TOPIC.connectionStatus),
      key: connectionId,
      id: randomUUID(),
      type,
      source: spiffeId(region, kind, id),
      time: new Date().toISOString(),
      data: { connection_id: connectionId, agent_id: id, incarnation: sidecar.incarnation, ...data },
    });
    this.pumping ??= Promise.resolve().then(() => this.pump());
  }

  /** The process is gone: it says nothing more, and its clients' sockets are reset. @returns how many links it carried. */
  die(serverId: string): number {
    const server = this.get(serverId);
    server.alive = false;
    let lost = 0;
    for (const client of this.all.values()) {
      for (const [connectionId, { epoch, serverId: at }] of [...client.carried]) {
        if (at !== serverId) continue;
        client.stop({ connection_id: connectionId, epoch });
        this.say(client, 'connection-lost', connectionId, {
          client_id: client.is.id,
          server_id: serverId,
          epoch,
          reason: 'peer-reset',
          observed_by: client.is.kind,
        });
        lost += 1;
      }
    }
    return lost;
  }

  private fail(error: unknown): void {
    this.failure ??= error;
  }

  private async pump(): Promise<void> {
    while (this.queue.length > 0) {
      try {
        await this.given.log.publish(this.queue.splice(0, FACTS_PER_PUBLISH));
      } catch (error) {
        this.fail(error);
      }
    }
    this.pumping = undefined;
  }

  private take(batch: Batch): void {
    for (const record of batch.records) {
      if (!record.readable) {
        this.fail(new Error(`a command that can't be read: ${record.detail}`));
        continue;
      }
      const command = { ...(record.data as object), name: record.name } as SidecarCommand;
      const sidecar = this.all.get(command.agent_id);
      if (sidecar?.alive) this.run(sidecar, command, new Date(record.timeMs).toISOString());
    }
  }

  private run(sidecar: SimulatedSidecar, command: SidecarCommand, commandedAt: string): void {
    const first = sidecar.answered(command.command_id) ?? sidecar.refusal(command, Date.now());
    const answer = first ?? this.execute(sidecar, command, commandedAt);
    if (answer !== undefined) this.answer(sidecar, command, answer);
    if (command.name === 'accept-client') this.unpark(command);
  }

  /** @returns nothing yet for a dial that came before the server was told of it. */
  private execute(
    sidecar: SimulatedSidecar,
    command: SidecarCommand,
    commandedAt: string,
  ): Answer | undefined {
    switch (command.name) {
      case 'accept-client':
        return sidecar.accept(command);
      case 'connect':
      case 'activate-dr-client':
        this.given.connected(command.connection_id, command.epoch);
        return this.dial(sidecar, command, commandedAt);
      case 'stop-sending-to-client':
      case 'disconnect':
        return sidecar.stop(command);
      case 'drain':
        return DONE;
      default:
        return command satisfies never;
    }
  }

  /** A dial that comes before its `accept-client` is parked for a while. */
  private dial(
    client: SimulatedSidecar,
    command: SidecarCommand & Connect,
    commandedAt: string,
  ): Answer | undefined {
    const { connection_id, epoch, server_id } = command;
    const server = this.all.get(server_id);
    if (!server?.alive) return { name: 'command-failed', reason: 'dial-failed' };
    if (!server.stands(connection_id, epoch)) {
      const untilMs = Date.now() + TIMING.earlyDialMs;
      this.parked.set(parkedKey(command), { client, command, commandedAt, untilMs });
      return undefined;
    }
    client.connect(command);
    this.say(client, 'new-connection-established', connection_id, {
      client_id: client.is.id,
      server_id,
      epoch,
      commanded_at: commandedAt,
    });
    return DONE;
  }

  private unpark(command: SidecarCommand): void {
    const key = parkedKey(command);
    const waiting = this.parked.get(key);
    if (waiting === undefined) return;
    this.parked.delete(key);
    const { client, command: connect, commandedAt } = waiting;
    const answer = this.dial(client, connect, commandedAt);
    if (answer !== undefined) this.answer(client, connect, answer);
  }

  private sweep(): void {
    const nowMs = Date.now();
    for (const [key, { client, command, untilMs }] of this.parked) {
      if (untilMs > nowMs) return;
      this.parked.delete(key);
      client.stop(command);
      this.answer(client, command, { name: 'command-failed', reason: 'dial-timeout' });
    }
  }

  private answer(sidecar: SimulatedSidecar, command: SidecarCommand, answer: Answer): void {
    sidecar.remember(command.command_id, answer);
    const { command_id, connection_id, epoch, home_region, name } = command;
    const { name: type, ...reason } = answer;
    this.say(sidecar, type, connection_id, { command_id, command: name, epoch, home_region, ...reason });
  }

  private async report(): Promise<void> {
    const living = [...this.all.values()].filter(({ alive }) => alive);
    await this.given.log.publish(living.flatMap(reportOf));
  }
}

const parkedKey = ({ connection_id, epoch }: { connection_id: string; epoch: number }): string =>
  `${connection_id} ${epoch}`;

/** One report, in as many parts as it takes. */
function reportOf(sidecar: SimulatedSidecar): OutgoingEvent[] {
  const { id, kind, region, serverGroup, capacity } = sidecar.is;
  const health = sidecar.health();
  const parts = Math.max(1, Math.ceil(health.length / LIMITS.connectionsPerReport));
  sidecar.sequence += 1;
  return Array.from({ length: parts }, (_, index) => ({
    topic: topicName(region, TOPIC.healthReports),
    key: id,
    id: randomUUID(),
    type: 'health-report',
    source: spiffeId(region, kind, id),
    time: new Date().toISOString(),
    data: {
      agent_id: id,
      incarnation: sidecar.incarnation,
      kind,
      control_region: region,
      location: 'bench',
      ...(serverGroup === undefined ? {} : { server_group: serverGroup }),
      sequence: sidecar.sequence,
      interval_ms: TIMING.reportIntervalMs,
      lease_ms: TIMING.leaseMs,
      address: '127.0.0.1:1',
      capacity,
      draining: false,
      software_version: '0.0.0',
      connections: health.slice(
        index * LIMITS.connectionsPerReport,
        (index + 1) * LIMITS.connectionsPerReport,
      ),
      ...(parts === 1 ? {} : { part: index + 1, parts }),
    },
  }));
}
