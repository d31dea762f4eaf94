import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { FactSink } from '#libs/agent';
import { type BrokerCommandName, endpointSpiffeId, spiffeId } from '#libs/contracts';
import type { TraceContext } from '#libs/log';
import { createSelfSigned, ensurePki, type KeyPairPem } from '#libs/pki';
import { loadConfig } from '#libs/platform';
import { type Broker, createBroker } from '../../../apps/broker/src/broker.ts';
import { BrokerConfig } from '../../../apps/broker/src/config.ts';
import { FakeLog, ShiftedClock } from '../../support/agents.ts';
import { waitFor } from '../../support/wait-for.ts';
import { Endpoint, type Role } from './endpoint.ts';

/** A broker and its endpoints over real sockets; the test itself is the control plane. */

export const PKI = mkdtempSync(join(tmpdir(), 'trunkline-broker-'));
afterAll(() => rmSync(PKI, { recursive: true, force: true }));

export const CONTROLLER = 'ann';
export const TARGET = 'bob';

type Data = Record<string, unknown>;

export interface Running extends Broker {
  readonly log: FakeLog;
  readonly clock: ShiftedClock;
  readonly agentId: string;
  /** Whether the control plane has told it to end. */
  isToldToLeave(): boolean;
}

/** A session as the test that plays the control plane knows it. */
export interface Told {
  readonly connectionId: string;
  readonly code: string;
  /** The controller's leg, and the target's. */
  readonly controller: Data;
  readonly target: Data;
}

export interface Pair extends Told {
  readonly ann: Endpoint;
  readonly bob: Endpoint;
}

/** Everything one test needs, ended by `clear`. */
export class World {
  private readonly endings: (() => unknown)[] = [];
  private commands = 0;
  /** Everything that any broker of this world logged, in full. */
  readonly logLines: string[] = [];

  constructor(
    private readonly region = 'east',
    private readonly log?: FactSink,
  ) {}

  ends(ending: () => unknown): void {
    this.endings.push(ending);
  }

  async clear(): Promise<void> {
    for (const ending of this.endings.reverse()) await ending();
  }

  private async pki(): Promise<void> {
    const members = [
      ...['broker-1', 'broker-2'].map((name) => ({ name, uri: spiffeId(this.region, 'broker', name) })),
      ...[CONTROLLER, TARGET, 'eve'].map((name) => ({ name, uri: endpointSpiffeId(name) })),
    ];
    await ensurePki(PKI, members, Date.now());
  }

  /** The environment of a broker, as a process would have it. */
  async env(agentId = 'broker-1'): Promise<Record<string, string>> {
    await this.pki();
    return {
      TRUNKLINE_AGENT_ID: agentId,
      TRUNKLINE_REGION: this.region,
      TRUNKLINE_TLS_CA: join(PKI, 'ca.crt'),
      TRUNKLINE_TLS_CERT: join(PKI, `${agentId}.crt`),
      TRUNKLINE_TLS_KEY: join(PKI, `${agentId}.key`),
      TRUNKLINE_CODE_KEY: join(PKI, 'code.key'),
      TRUNKLINE_CODE_REGIONS: `E=${this.region},W=${this.region}w`,
      TRUNKLINE_ADMIN_PORT: '0',
      TRUNKLINE_BROKER_PORT: '0',
    };
  }

  async broker(env: Record<string, string> = {}, agentId = 'broker-1'): Promise<Running> {
    const config = loadConfig(BrokerConfig, { ...(await this.env(agentId)), ...env });
    const log = new FakeLog(this.log);
    const clock = new ShiftedClock();
    const logger = pino({ level: 'debug' }, { write: (line) => this.logLines.push(line) });
    let isToldToLeave = false;
    const broker = await createBroker(config, { sink: log, clock, log: logger }, () => {
      isToldToLeave = true;
    });
    broker.start();
    this.endings.push(() => broker.stop());
    await waitFor(() => log.facts('health-report').length > 0, { what: 'a report' });
    return Object.assign(broker, { log, clock, agentId, isToldToLeave: () => isToldToLeave });
  }

  /** @param as the name of a certificate, or a guest's own pair */
  endpoint(broker: Broker, as: string | KeyPairPem, role?: Role): Promise<Endpoint> {
    return this.endpointAt(broker.port, as, role);
  }

  async endpointAt(port: number, as: string | KeyPairPem, role?: Role): Promise<Endpoint> {
    const ca = readFileSync(join(PKI, 'ca.crt'), 'utf8');
    const pair = typeof as === 'string' ? pairOf(as) : as;
    const endpoint = await Endpoint.dial(port, { ca, pair, guest: typeof as !== 'string' });
    this.endings.push(() => endpoint.socket.destroy());
    if (role !== undefined) {
      endpoint.hello(role);
      await endpoint.got('welcome');
    }
    return endpoint;
  }

  guest(): Promise<KeyPairPem> {
    return createSelfSigned('guest', Date.now());
  }

  /** Gives a command as the log would; the answer, with its own name as `answer`. */
  async command(
    to: Running,
    name: BrokerCommandName,
    epoch: number,
    members: Data,
    trace?: TraceContext,
  ): Promise<Data> {
    this.commands += 1;
    const commandId = `command-${this.commands}`;
    const data: Data = {
      command_id: commandId,
      agent_id: to.agentId,
      incarnation: to.run.agent.vigil.incarnation,
      epoch,
      expires_at: new Date(to.clock.wallMs() + 3_000).toISOString(),
      decision_id: 'decision-1',
      home_region: this.region,
      ...members,
    };
    const before = this.answers(to, String(data.command_id)).length;
    await to.run.desk.handle({ name, data, time: new Date().toISOString(), trace });
    return waitFor(() => this.answers(to, String(data.command_id))[before], {
      what: `the answer to ${name}`,
    });
  }

  private answers(to: Running, commandId: string): Data[] {
    return to.log.records.flatMap(({ type, data }) =>
      type.startsWith('command-') && 'command_id' in data && data.command_id === commandId
        ? [{ answer: type, ...data }]
        : [],
    );
  }

  /** Gives a command that must be run. */
  async must(to: Running, name: BrokerCommandName, epoch: number, members: Data): Promise<void> {
    const answer = await this.command(to, name, epoch, members);
    if (answer.answer !== 'command-succeeded') throw new Error(JSON.stringify(answer));
  }

  /** A controller that has its code. */
  async coded(broker: Running): Promise<{ ann: Endpoint; code: string; controller: Data }> {
    const ann = await this.endpoint(broker, CONTROLLER, 'controller');
    const before = broker.log.facts('connection-request').length;
    ann.say('new', {});
    const controller = await this.fact(broker, 'connection-request', before + 1);
    await this.must(broker, 'issue-code', 1, {
      connection_id: controller.connection_id,
      attachment_id: controller.attachment_id,
      controller_id: CONTROLLER,
      code_expires_at: controller.expires_at,
    });
    const { code } = await ann.got('code');
    return { ann, code, controller };
  }

  /** Both ends of a session at one broker, its relay open. */
  async open(broker: Running, as: string | KeyPairPem = TARGET): Promise<Pair> {
    const { ann, code, controller } = await this.coded(broker);
    const bob = await this.endpoint(broker, as, 'target');
    bob.say('attach', { code, probes: [] });
    const target = await this.fact(broker, 'target-attached', 1);
    const told = { ann, bob, code, controller, target, connectionId: String(controller.connection_id) };
    await this.hold(broker, told, 1);
    await this.splice(broker, told, 1);
    await ann.got('opened');
    await bob.got('opened');
    return told;
  }

  hold(broker: Running, { target, connectionId }: Told, epoch: number): Promise<void> {
    return this.must(broker, 'hold-target', epoch, {
      connection_id: connectionId,
      attachment_id: target.attachment_id,
      identity: target.identity,
      controller_id: CONTROLLER,
    });
  }

  splice(broker: Running, told: Told, epoch: number): Promise<void> {
    return this.must(broker, 'open-relay', epoch, spliceOf(told));
  }

  /** The latest fact of a name, once there are so many. */
  fact(broker: Running, type: string, count: number): Promise<Data> {
    return waitFor(() => broker.log.facts(type)[count - 1], { what: `${type} number ${count}` });
  }

  async metric(broker: Broker, name: string, labels: Record<string, string> = {}): Promise<number> {
    const metric = await broker.registry.getSingleMetric(`trunkline_broker_${name}`)?.get();
    const values = metric?.values.filter((value) =>
      Object.entries(labels).every(([label, word]) => (value.labels as Data)[label] === word),
    );
    return (values ?? []).reduce((sum, { value }) => sum + value, 0);
  }

  /** Until a counter stands at a value. */
  async counted(broker: Broker, name: string, labels: Record<string, string>, value = 1): Promise<void> {
    await waitFor(async () => (await this.metric(broker, name, labels)) === value, {
      what: `${name} ${JSON.stringify(labels)} = ${value}`,
    });
  }
}

/** What `open-relay` says of two legs. */
export function spliceOf({ controller, target, connectionId }: Told): Data {
  return {
    connection_id: connectionId,
    controller_id: controller.controller_id ?? controller.identity,
    target_id: target.identity,
    controller_attachment_id: controller.attachment_id,
    target_attachment_id: target.attachment_id,
  };
}

export function pairOf(name: string): KeyPairPem {
  return {
    cert: readFileSync(join(PKI, `${name}.crt`), 'utf8'),
    key: readFileSync(join(PKI, `${name}.key`), 'utf8'),
  };
}
