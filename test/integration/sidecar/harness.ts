import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { FactSink } from '#libs/agent';
import { type SidecarCommandName, spiffeId } from '#libs/contracts';
import { ensurePki } from '#libs/pki';
import { loadConfig } from '#libs/platform';
import { SidecarConfig } from '../../../apps/sidecar/src/config.ts';
import { createSidecar, type Sidecar } from '../../../apps/sidecar/src/sidecar.ts';
import { FakeLog, ShiftedClock } from '../../support/agents.ts';
import { freePort } from '../../support/servers.mjs';
import { waitFor } from '../../support/wait-for.ts';
import { Control } from './control.ts';
import { Application, Backend } from './peers.ts';

/** Two sidecars, their application and their backends, over real sockets, without Kafka. */

const PKI = mkdtempSync(join(tmpdir(), 'trunkline-sidecar-'));
afterAll(() => rmSync(PKI, { recursive: true, force: true }));

export const CONNECTION = 'bank-1:primary';
export const CLIENT = 'bank-1';

export interface Running extends Sidecar {
  readonly log: FakeLog;
  readonly clock: ShiftedClock;
  readonly address: string;
}

export interface PathMembers extends Record<string, unknown> {
  readonly name?: 'connect' | 'activate-dr-client';
}

/** Everything one test needs, ended by `clear`. */
export class World {
  private readonly endings: (() => unknown)[] = [];
  private commands = 0;

  /** @param regions names of the client's and the servers' region. @param log takes what the sidecars publish. */
  constructor(
    private readonly regions = { east: 'east', west: 'west' },
    private readonly log?: FactSink,
  ) {}

  /** Everything that any sidecar of this world logged, in full. */
  readonly logLines: string[] = [];

  async pki(names: { name: string; uri: string }[] = []): Promise<string> {
    const members = [
      { name: CLIENT, uri: spiffeId(this.regions.east, 'client-sidecar', CLIENT) },
      ...['server-1', 'server-2'].map((name) => ({
        name,
        uri: spiffeId(this.regions.west, 'server-sidecar', name),
      })),
      ...names,
    ];
    // Made once for a file of tests: what is there already stays.
    await ensurePki(PKI, members, Date.now());
    return PKI;
  }

  async backend(): Promise<Backend> {
    const backend = new Backend(await freePort());
    await backend.listen();
    this.endings.push(() => backend.kill());
    return backend;
  }

  async control(): Promise<Control> {
    const control = new Control();
    await control.listen();
    this.endings.push(() => control.kill());
    return control;
  }

  async application(port: number): Promise<Application> {
    const application = await Application.come(port);
    this.endings.push(() => application.socket.destroy());
    return application;
  }

  ends(ending: () => unknown): void {
    this.endings.push(ending);
  }

  async sidecar(agentId: string, env: Record<string, string>): Promise<Running> {
    const pki = await this.pki();
    const config = loadConfig(SidecarConfig, {
      TRUNKLINE_AGENT_ID: agentId,
      TRUNKLINE_REGIONS: `${this.regions.east},${this.regions.west}`,
      TRUNKLINE_TLS_CA: join(pki, 'ca.crt'),
      TRUNKLINE_TLS_CERT: join(pki, `${agentId}.crt`),
      TRUNKLINE_TLS_KEY: join(pki, `${agentId}.key`),
      TRUNKLINE_ADMIN_PORT: '0',
      TRUNKLINE_CUTOVER: 'continue',
      ...env,
    });
    const log = new FakeLog(this.log);
    const clock = new ShiftedClock();
    const logger = pino({ level: 'debug' }, { write: (line) => this.logLines.push(line) });
    const sidecar = await createSidecar(config, { sink: log, clock, log: logger });
    sidecar.start();
    this.endings.push(() => sidecar.stop());
    await waitFor(() => sidecar.agent.vigil.leaseLeftMs > 0, { what: 'a lease' });
    return Object.assign(sidecar, { log, clock, address: `127.0.0.1:${sidecar.linkPort}` });
  }

  server(agentId: string, backends: Backend[], env: Record<string, string> = {}): Promise<Running> {
    const pool = backends.map(({ port }) => ({ host: '127.0.0.1', port, max_connections: 10 }));
    return this.sidecar(agentId, {
      TRUNKLINE_ROLE: 'server',
      TRUNKLINE_REGION: this.regions.west,
      TRUNKLINE_LINK_PORT: '0',
      TRUNKLINE_SERVER_GROUP: 'scheme',
      TRUNKLINE_POOL: JSON.stringify(pool),
      ...env,
    });
  }

  async client(env: Record<string, string> = {}): Promise<Running & { port: number }> {
    const port = await freePort();
    const running = await this.sidecar(CLIENT, {
      TRUNKLINE_ROLE: 'client',
      TRUNKLINE_REGION: this.regions.east,
      TRUNKLINE_APPLICATION_PORTS: String(port),
      ...env,
    });
    return Object.assign(running, { port });
  }

  /** Gives a command as the log would; the answer is among the sidecar's facts. */
  async command(
    to: Running,
    name: SidecarCommandName,
    epoch: number,
    members: Record<string, unknown> = {},
  ): Promise<Record<string, unknown>> {
    this.commands += 1;
    const commandId = `command-${this.commands}`;
    const data = {
      command_id: commandId,
      agent_id: to.agent.identity.agentId,
      incarnation: to.agent.vigil.incarnation,
      connection_id: CONNECTION,
      epoch,
      expires_at: new Date(to.clock.wallMs() + 3_000).toISOString(),
      decision_id: 'decision-1',
      home_region: this.regions.east,
      ...members,
    };
    await to.desk.handle({ name, data, time: new Date().toISOString() });
    return waitFor(() => this.answer(to, String(data.command_id)), { what: `the answer to ${name}` });
  }

  /** @param members more of the command, or the name of another one that makes a path. */
  connect(
    client: Running,
    server: Running,
    epoch: number,
    { name = 'connect', ...members }: PathMembers = {},
  ): Promise<Record<string, unknown>> {
    const to = { server_id: server.agent.identity.agentId, address: server.address };
    return this.command(client, name, epoch, { ...to, ...members });
  }

  accept(server: Running, epoch: number): Promise<Record<string, unknown>> {
    return this.command(server, 'accept-client', epoch, { client_id: CLIENT });
  }

  disconnect(client: Running, epoch: number, requests: 'hold' | 'close'): Promise<Record<string, unknown>> {
    return this.command(client, 'disconnect', epoch, { requests });
  }

  private answer(to: Running, commandId: string): Record<string, unknown> | undefined {
    const record = to.log.records.findLast(
      ({ type, data }) =>
        type.startsWith('command-') && 'command_id' in data && data.command_id === commandId,
    );
    return record === undefined ? undefined : { answer: record.type, ...record.data };
  }

  /** Both commands of a placement, as they leave together. */
  async place(client: Running, server: Running, epoch: number, members: PathMembers = {}): Promise<void> {
    const answers = await Promise.all([
      this.accept(server, epoch),
      this.connect(client, server, epoch, members),
    ]);
    for (const answer of answers) {
      if (answer.answer !== 'command-succeeded') throw new Error(JSON.stringify(answers));
    }
  }

  async clear(): Promise<void> {
    for (const ending of this.endings.reverse()) await ending();
  }
}
