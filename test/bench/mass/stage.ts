import { readFileSync } from 'node:fs';
import { TOPIC, topicName } from '#libs/contracts';
import { KafkaLog, type Log } from '#libs/log';
import { type Stack, startStack } from '../../support/stack.ts';
import { waitFor } from '../../support/wait-for.ts';
import { say } from '../options.ts';
import { DecisionCounter, decisionsSince, endOfLog, type ReadDecision } from './decisions.ts';
import { MassFleet } from './fleet.ts';
import type { SidecarIs } from './sidecars.ts';

const CLIENTS = 4;
const SERVERS = 10;
/** Links that wait for their first placement at once: it is not what is measured. */
const PLACED_AT_ONCE = 1_000;
/** One wait, and all of them together, take so long at most: then the bench ends, and says how far it came. */
const LIMIT_MS = 180_000;
const WHOLE_LIMIT_MS = 900_000;

export const CONTROLLERS = ['central-controller-east', 'central-controller-west'] as const;

/** Links of one server group, whose first server is preferred by all of them and is to die. */
export interface Group {
  readonly name: string;
  readonly links: number;
}

export interface Loss {
  /** On the clock of `performance.now()`, and in milliseconds since 1970: the first `connection-lost` leaves. */
  readonly beganMs: number;
  readonly wallMs: number;
  readonly lost: number;
  /** Milliseconds from there to the arrival of each link's next `connect`. */
  readonly connects: readonly number[];
  decisions(): Promise<ReadDecision[]>;
  reservations(): Promise<ReadDecision[]>;
}

/** Controllers of both regions, and sidecars that exist as messages only. */
export class Stage {
  readonly log: Log;
  readonly counter: DecisionCounter;
  readonly fleet: MassFleet;
  private readonly endMs = performance.now() + WHOLE_LIMIT_MS;
  private connects: number[] = [];
  private readonly connected = new Set<string>();

  private constructor(
    readonly stack: Stack,
    groups: readonly Group[],
  ) {
    const brokers = stack.kafkaBrokers.split(',');
    this.log = new KafkaLog({ brokers, clientId: 'bench' });
    this.counter = new DecisionCounter(this.log, stack.regions.bank);
    this.fleet = new MassFleet({
      log: this.log,
      regions: [stack.regions.bank, stack.regions.scheme],
      sidecars: sidecarsOf(stack, groups),
      connected: (connectionId) => {
        if (this.connected.has(connectionId)) return;
        this.connected.add(connectionId);
        this.connects.push(performance.now());
      },
    });
  }

  static async start(groups: readonly Group[]): Promise<Stage> {
    const stack = await startStack({
      programs: CONTROLLERS,
      envOfAll: { TRUNKLINE_LOG_LEVEL: 'warn' },
    });
    const stage = new Stage(stack, groups);
    await stage.counter.start();
    await stage.fleet.start();
    return stage;
  }

  /** Asks for the links, so many at once, and resolves once each is active. */
  async place({ name, links }: Group): Promise<void> {
    this.begin();
    const begin = performance.now();
    for (let index = 0; index < links; index++) {
      const client = this.fleet.get(clientName(index));
      this.fleet.say(client, 'connection-request', `${client.is.id}:${name}-${index}`, {
        kind: 'link',
        client_id: client.is.id,
        server_group: name,
        preferred_server: serverName(name, 0),
      });
      const asked = index + 1;
      if (asked % PLACED_AT_ONCE === 0 || asked === links)
        await this.until(() => this.counter.active() >= asked, `${asked} active links`);
    }
    say(`${links} links of ${name} placed in ${Math.round(performance.now() - begin)} ms`);
  }

  /** The server that carries the links dies; resolves once all of them have gone as far as `isOver` says. */
  async lose({ name }: Group, isOver: (lost: number) => boolean): Promise<Loss> {
    const { bank, scheme } = this.stack.regions;
    const [home, peer] = [await endOfLog(this.log, bank), await endOfLog(this.log, scheme)];
    this.begin();
    const [beganMs, wallMs] = [performance.now(), Date.now()];
    const lost = this.fleet.die(serverName(name, 0));
    await this.until(() => isOver(lost), `the end of ${lost} moves of ${name}`);
    return {
      beganMs,
      wallMs,
      lost,
      connects: this.connects.map((atMs) => atMs - beganMs),
      decisions: () => decisionsSince(this.log, bank, home),
      reservations: () => decisionsSince(this.log, scheme, peer),
    };
  }

  async until(isSo: () => boolean, what: string): Promise<void> {
    const look = async () => {
      await this.look();
      return isSo();
    };
    const withinMs = Math.max(0, Math.min(LIMIT_MS, this.endMs - performance.now()));
    await waitFor(look, { what, withinMs, everyMs: 20 }).catch((error: unknown) => {
      const names = ['failover-started', 'failover-decided', 'failover-completed', 'failover-failed'];
      const counts = [...names, 'failover-suppressed'].map((one) => `${one} ${this.counter.count(one)}`);
      throw new Error(`${String(error)}; on so many links: ${counts.join(', ')}`);
    });
  }

  /** How full the servers of a group are that live: connections to capacity, each. */
  fills({ name }: Group): number[] {
    const servers = [...this.fleet.all.values()].filter(({ is, alive }) => is.serverGroup === name && alive);
    return servers.map(({ carried, is }) => carried.size / is.capacity);
  }

  /** The sums of the controllers' metrics that ought to be zero, and are not. */
  async oddities(): Promise<Record<string, number>> {
    const found: Record<string, number> = {};
    for (const name of CONTROLLERS) {
      const text = await (await fetch(this.stack.url(name, '/metrics'))).text();
      for (const line of text.split('\n').filter((each) => ODD.test(each) && !/ 0$/.test(each))) {
        const at = line.lastIndexOf(' ');
        found[`${name} ${line.slice(0, at)}`] = Number(line.slice(at));
      }
    }
    return found;
  }

  /** Most memory that a controller ever held, in MiB. */
  peakMiB(name: (typeof CONTROLLERS)[number]): number {
    const status = readFileSync(`/proc/${this.stack.program(name).pid}/status`, 'utf8');
    return Number(/VmHWM:\s*(\d+) kB/.exec(status)?.[1]) / 1024;
  }

  topic(base: (typeof TOPIC)[keyof typeof TOPIC]): string {
    return topicName(this.stack.regions.bank, base);
  }

  async stop(): Promise<void> {
    await this.fleet.stop();
    await this.counter.stop();
    await this.log.close();
    await this.stack.stop();
  }

  private begin(): void {
    this.connects = [];
    this.connected.clear();
    this.counter.begin();
  }

  /** A failure of the sidecars ends the bench. */
  private async look(): Promise<void> {
    if (this.fleet.failure !== undefined) throw this.fleet.failure;
  }
}

/** Retries, claims but for the first, commands that did not leave, dead letters, consumers that were built anew. */
const ODD =
  /^trunkline_(commands_total\{[^}]*result="unsent"|partition_claims_total\{(?![^}]*cause="assigned")|log_failures_total|dead_letters_total|consumers_rebuilt_total|records_voided_total)/;

const clientName = (index: number): string => `mass-client-${index % CLIENTS}`;
const serverName = (group: string, index: number): string => `${group}-server-${index}`;

/** The first server holds every link twice over; of the others each second one is twice as large. */
function sidecarsOf({ regions }: Stack, groups: readonly Group[]): SidecarIs[] {
  const most = Math.max(...groups.map(({ links }) => links));
  const clients = Array.from({ length: CLIENTS }, (_, index) => ({
    id: clientName(index),
    kind: 'client-sidecar' as const,
    region: regions.bank,
    capacity: groups.length * most,
  }));
  const servers = groups.flatMap(({ name, links }) =>
    Array.from({ length: SERVERS }, (_, index) => ({
      id: serverName(name, index),
      kind: 'server-sidecar' as const,
      region: regions.scheme,
      serverGroup: name,
      capacity: index === 0 ? 2 * links : index % 2 === 0 ? links : Math.ceil(links / 2),
    })),
  );
  return [...clients, ...servers];
}
