import type { PeerOutcome, PolicySettings, SidecarCommand } from '#libs/contracts';
import {
  type BlastCount,
  type Fact,
  type Fleet,
  type FleetAgent,
  type Input,
  judgement,
  link,
} from '../src/index.ts';

import type { ClientOptions, ServerOptions } from './options.ts';
import { isOnConnection } from './settings.ts';

export { line } from './line.ts';

const START_MS = Date.parse('2026-01-01T00:00:00Z');
const REGION = 'east';

/**
 * One link and what it is told, step by step: specs say what was given and what happens, and read what
 * was decided. Time stands still between steps unless it is told to pass.
 */
export class Scenario {
  state: link.LinkState | undefined;
  nowMs = START_MS;
  /** Regions whose controller can be asked; none unless a spec says so. */
  readonly peers = new Set<string>();
  /** Why none of them can be asked; absent: each can. */
  unaskable: PeerOutcome | undefined;
  settings: judgement.Settings = judgement.EMPTY_SETTINGS;
  blastCount: BlastCount = { moved: 0, links: 100 };
  /** Every decision so far. */
  readonly decisions: link.LinkDecided[] = [];
  private readonly agents = new Map<string, FleetAgent>();
  private readonly silentLives = new Set<string>();
  private offset = 0;

  constructor(
    readonly id = 'client-1:primary',
    readonly clientId = 'client-1',
  ) {
    this.client();
  }

  get fleet(): Fleet {
    return {
      agents: this.agents,
      silent: (id, incarnation) => this.silentLives.has(`${id}/${incarnation}`),
      peers: this.peers,
      unaskable: () => this.unaskable,
      settings: this.settings,
      blast: () => this.blastCount,
    };
  }

  /** The controller of this region can be asked from now on. */
  withPeer(region = 'west'): this {
    this.peers.add(region);
    return this;
  }

  /** How the question ended that is open, or that was asked last. */
  peerAnswered(over: object = {}): link.LinkOutcome {
    const asked = this.decisions.findLast(({ data }) => data.asking)?.data.asking;
    return this.tell('peer-answered', {
      epoch: asked?.epoch,
      peer_region: asked?.peer_region,
      outcome: 'assigned',
      took_ms: 12,
      ...over,
    });
  }

  server(id: string, options: ServerOptions = {}): this {
    const { incarnation = 'a', capacity = 10, carried = 0, location = 'zone-a', health = 100 } = options;
    const { draining = false, suspect = false, group = 'scheme' } = options;
    const leaseMs = 'leaseMs' in options ? options.leaseMs : 60_000;
    this.agents.set(id, {
      agent_id: id,
      kind: 'server-sidecar',
      incarnation,
      region: 'west',
      location,
      server_group: group,
      address: `${id}.example:8583`,
      capacity,
      draining,
      lastReportMs: this.nowMs,
      suspect,
      healthScore: health,
      carried,
      ...(leaseMs === undefined ? {} : { leaseMs }),
      ...(options.restartsMs && { recentRestarts: options.restartsMs }),
      ...(options.linkGroups && { linkGroups: options.linkGroups }),
    });
    return this;
  }

  client(options: ClientOptions = {}): this {
    return this.clientSidecar(this.clientId, 'c1', options);
  }

  /** The fleet shows the link's DR client. */
  dr(options: ClientOptions = {}, id = 'dr-1'): this {
    return this.clientSidecar(id, 'd1', options);
  }

  private clientSidecar(id: string, life: string, options: ClientOptions): this {
    const leaseMs = 'leaseMs' in options ? options.leaseMs : 60_000;
    this.agents.set(id, {
      agent_id: id,
      kind: 'client-sidecar',
      incarnation: options.incarnation ?? life,
      region: REGION,
      location: options.location ?? 'zone-a',
      address: `${id}.example:8583`,
      capacity: 1,
      draining: options.draining ?? false,
      lastReportMs: this.nowMs,
      suspect: options.suspect ?? false,
      healthScore: 100,
      carried: 0,
      ...(options.wellSinceMs === undefined ? {} : { wellSinceMs: options.wellSinceMs }),
      ...(leaseMs === undefined ? {} : { leaseMs }),
    });
    return this;
  }

  without(id: string): this {
    this.agents.delete(id);
    return this;
  }

  /** The partition remembers that this life fell silent. */
  remember(id: string, incarnation: string): this {
    this.silentLives.add(`${id}/${incarnation}`);
    return this;
  }

  /** The policy of every link of the group. */
  policy(settings: PolicySettings, over: Partial<judgement.Policy> = {}): this {
    const policy = {
      name: 'tight',
      setting_version: 3,
      event_id: 'p',
      server_group: 'scheme',
      ...over,
      settings,
    };
    this.settings = { ...this.settings, policies: [policy] };
    return this;
  }

  /** An operator set something: the partition has it in mind before the link is told. */
  set(name: judgement.SettingFact['name'], data: object): link.LinkOutcome {
    const input = this.setting(name, data);
    this.settings = input.fleet.settings;
    return this.take(input);
  }

  /** A setting as `set` gives it, without setting it for good. */
  setting(name: judgement.SettingFact['name'], data: object): Input {
    const by = { control_region: REGION, requested_by: 'operator', setting_version: this.nowMs };
    const input = this.fact(name, { ...by, ...data });
    if (input.kind !== 'fact' || !judgement.isSettingFact(input.fact))
      throw new Error(`${name} sets nothing`);
    const settings = judgement.withSetting(this.settings, judgement.changeOf(input.fact));
    return { ...input, fleet: { ...this.fleet, settings } };
  }

  pass(ms: number): this {
    this.nowMs += ms;
    return this;
  }

  fact(name: Fact['name'], data: object, over: Partial<{ offset: number; region: string }> = {}): Input {
    const connection = isOnConnection(name) ? { connection_id: this.id } : {};
    const region = over.region ?? REGION;
    const offset = over.offset ?? this.offset++;
    return {
      kind: 'fact',
      fact: {
        name,
        data: { ...connection, ...data },
        id: `f${offset}`,
        source: 'test',
        timeMs: this.nowMs,
      } as Fact,
      origin: { topic: `${region}.connection-status`, partition: 0, offset },
      region,
      ownRegion: REGION,
      nowMs: this.nowMs,
      fleet: this.fleet,
    };
  }

  take(input: Input): link.LinkOutcome {
    const outcome = link.decide(this.id, this.state, input);
    if (outcome.kind === 'append') {
      const decided = { name: outcome.name, data: JSON.parse(JSON.stringify(outcome.data)) };
      this.decisions.push(decided);
      this.state = link.evolve(this.state, decided);
    }
    return outcome;
  }

  tell(name: Fact['name'], data: object = {}): link.LinkOutcome {
    return this.take(this.fact(name, data));
  }

  look(): link.LinkOutcome {
    return this.take({ kind: 'time', nowMs: this.nowMs, fleet: this.fleet });
  }

  /** Lets time pass until the link's due time, and tells it so. */
  due(): link.LinkOutcome {
    const dueMs = link.nextDueMs(this.known());
    if (dueMs === undefined) throw new Error('nothing is due');
    this.nowMs = Math.max(this.nowMs, dueMs);
    return this.look();
  }

  request(over: object = {}): link.LinkOutcome {
    return this.tell('connection-request', {
      kind: 'link',
      client_id: this.clientId,
      server_group: 'scheme',
      agent_id: this.clientId,
      incarnation: 'c1',
      ...over,
    });
  }

  established(over: object = {}): link.LinkOutcome {
    const { placement } = this.known();
    return this.tell('new-connection-established', {
      client_id: placement?.client_id,
      server_id: placement?.server_id,
      epoch: placement?.epoch,
      agent_id: placement?.client_id,
      incarnation: placement?.client_incarnation,
      ...over,
    });
  }

  lost(by: 'client' | 'server', reason: string, over: object = {}): link.LinkOutcome {
    const { placement } = this.known();
    const ends = {
      client: { agent_id: placement?.client_id, incarnation: placement?.client_incarnation },
      server: { agent_id: placement?.server_id, incarnation: placement?.server_incarnation },
    };
    const said = { epoch: placement?.epoch, reason, observed_by: `${by}-sidecar` };
    return this.tell('connection-lost', { ...said, ...ends[by], ...over });
  }

  /** The answer to the latest command of this name. */
  answer(
    name: SidecarCommand['name'],
    how: 'succeeded' | 'failed' | 'refused',
    over: object = {},
  ): link.LinkOutcome {
    const command = this.decisions
      .flatMap(({ data }) => data.commands)
      .findLast((each) => each.name === name);
    if (command === undefined) throw new Error(`no ${name} was issued`);
    const { command_id, epoch, agent_id, incarnation } = command;
    return this.tell(`command-${how}`, { command_id, epoch, agent_id, incarnation, ...over });
  }

  known(): link.LinkState {
    if (this.state === undefined) throw new Error('the link is unknown');
    return this.state;
  }

  /** Requested, assigned to the best server, established. */
  active(): this {
    this.request();
    this.established();
    return this;
  }
}
