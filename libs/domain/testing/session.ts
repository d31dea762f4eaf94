import type { BrokerCommand, PolicySettings } from '#libs/contracts';
import { SESSION_POLICY } from '#libs/contracts';
import { type Fact, type Fleet, type FleetAgent, type Input, judgement, session } from '../src/index.ts';

export const SESSION_START_MS = Date.parse('2026-01-01T00:00:00Z');
const HOME = 'east';
const REGION_OF = (broker: string): string => (broker.startsWith('us') ? 'east' : 'west');

interface BrokerOptions {
  readonly incarnation?: string;
  readonly capacity?: number;
  readonly carried?: number;
  readonly draining?: boolean;
  readonly suspect?: boolean;
}

/**
 * One session and what it is told, step by step, with two brokers in the USA (its home) and two in India. What is said of an
 * end says by default what its endpoint would: it is there, it consents, it measured both brokers of its country as near.
 */
export class SessionScenario {
  state: session.SessionState | undefined;
  nowMs = SESSION_START_MS;
  settings: judgement.Settings = judgement.EMPTY_SETTINGS;
  /** Every decision so far. */
  readonly decisions: session.SessionDecided[] = [];
  readonly agents = new Map<string, FleetAgent>();
  private readonly silentLives = new Set<string>();
  private readonly everSilent = new Set<string>();
  private offset = 0;
  private legs = 0;

  constructor(readonly id = 'ses_0123456789abcdefghij') {
    for (const broker of ['us-1', 'us-2', 'in-3', 'in-4']) this.broker(broker);
  }

  get fleet(): Fleet {
    return {
      agents: this.agents,
      silent: (id, incarnation) => this.silentLives.has(`${id}/${incarnation}`),
      peers: new Set(),
      settings: this.settings,
      blast: () => ({ moved: 0, links: 0 }),
    };
  }

  broker(id: string, options: BrokerOptions = {}): this {
    const { incarnation = `${id}-a`, capacity = 100, carried = 0 } = options;
    const { draining = false, suspect = false } = options;
    const about = { agent_id: id, incarnation, region: REGION_OF(id), location: REGION_OF(id) };
    const load = { capacity, carried, draining, suspect, healthScore: 100, lastReportMs: this.nowMs };
    this.agents.set(id, { kind: 'broker', address: `${id}.example:7443`, ...about, ...load });
    return this;
  }

  without(id: string): this {
    this.agents.delete(id);
    return this;
  }

  policy(settings: PolicySettings): this {
    const policy = { name: SESSION_POLICY, setting_version: 1, event_id: 'p1', settings };
    this.settings = judgement.withSetting(this.settings, { kind: 'policy', policy });
    return this;
  }

  /** A controller asks for a code at a broker of its home region. */
  request(over: object = {}): session.SessionOutcome {
    const expires_at = new Date(this.nowMs + 600_000).toISOString();
    const about = { kind: 'session', controller_id: 'technician', expires_at };
    return this.say('connection-request', 'us-1', {
      ...about,
      attachment_id: this.leg('c'),
      probes: trips({ 'us-1': 15, 'us-2': 16, 'in-3': 170, 'in-4': 171 }),
      ...over,
    });
  }

  target(broker = 'in-3', over: object = {}): session.SessionOutcome {
    return this.say('target-attached', broker, {
      attachment_id: this.leg('t'),
      identity: 'till-4',
      probes: trips({ 'us-1': 170, 'us-2': 171, 'in-3': 15, 'in-4': 16 }),
      ...over,
    });
  }

  /** The target agrees, on the leg that it has. */
  consent(): session.SessionOutcome {
    const { broker_id = 'in-3', attachment_id } = this.state?.target ?? {};
    return this.target(broker_id, { attachment_id, consented: true });
  }

  controller(broker = 'in-3', over: object = {}): session.SessionOutcome {
    const about = { attachment_id: this.leg('c'), identity: 'technician' };
    return this.say('controller-attached', broker, { ...about, ...over });
  }

  opened(over: object = {}): session.SessionOutcome {
    const { broker_id = 'in-3', epoch = 1 } = this.state?.placement ?? {};
    return this.say('relay-opened', broker_id, { epoch, ...over });
  }

  closed(reason: string, over: object = {}): session.SessionOutcome {
    const { broker_id = 'in-3', epoch = 1 } = this.state?.placement ?? {};
    const about = {
      epoch,
      reason,
      closed_by: 'controller',
      bytes_up: 10,
      bytes_down: 20,
      duration_ms: 1_000,
    };
    return this.say('relay-closed', broker_id, { ...about, ...over });
  }

  /** All the way to an open relay at a broker. */
  open(broker = 'in-3'): this {
    this.request();
    this.answerAll();
    this.target(broker);
    this.answerAll();
    this.controller(broker);
    this.answerAll();
    this.opened();
    return this;
  }

  /** The broker's answer to the latest command of that name. */
  answer(command: string, how = 'succeeded', reason?: string): session.SessionOutcome {
    const found = this.pending(command);
    if (found === undefined) throw new Error(`no ${command} is waited for`);
    const { command_id, epoch, agent_id, incarnation } = found;
    const more = reason === undefined ? {} : { reason };
    const about = { command_id, epoch, agent_id, incarnation, command, home_region: HOME };
    return this.tell(`command-${how}`, { connection_id: this.id, ...about, ...more }, REGION_OF(agent_id));
  }

  /** Every command that is waited for is done. */
  answerAll(): this {
    for (const { command } of this.state?.pending ?? []) this.answer(command.name);
    return this;
  }

  pending(name: string): BrokerCommand | undefined {
    return this.state?.pending.findLast(({ command }) => command.name === name)?.command;
  }

  /** Of the monitor, or of an operator. */
  agent(name: 'agent-silent' | 'agent-returned' | 'agent-drain-requested', broker: string, life?: string) {
    const incarnation = life ?? this.agents.get(broker)?.incarnation ?? `${broker}-a`;
    if (name === 'agent-silent') {
      this.silentLives.add(`${broker}/${incarnation}`);
      this.everSilent.add(`${broker}/${incarnation}`);
    }
    if (name === 'agent-returned') this.silentLives.delete(`${broker}/${incarnation}`);
    const more = name === 'agent-drain-requested' ? { reason: 'upgrade', requested_by: 'operator' } : {};
    const region = REGION_OF(broker);
    return this.tell(name, { agent_id: broker, incarnation, control_region: region, ...more }, region);
  }

  /** A broker says so. */
  say(name: Fact['name'], broker: string, data: object): session.SessionOutcome {
    const incarnation = this.agents.get(broker)?.incarnation ?? `${broker}-a`;
    const about = { connection_id: this.id, home_region: HOME, agent_id: broker, incarnation };
    return this.tell(name, { ...about, broker_id: broker, ...data }, REGION_OF(broker));
  }

  tell(name: string, data: object, region = HOME, timeMs = this.nowMs): session.SessionOutcome {
    return this.input(this.fact(name, data, region, timeMs));
  }

  fact(name: string, data: object, region = HOME, timeMs = this.nowMs): Extract<Input, { kind: 'fact' }> {
    const offset = this.offset++;
    return {
      kind: 'fact',
      fact: { name, data, id: `f${offset}`, source: 'test', timeMs } as Fact,
      origin: { topic: `${region}.connection-status`, partition: 0, offset },
      region,
      ownRegion: HOME,
      nowMs: this.nowMs,
      fleet: this.fleet,
    };
  }

  pass(ms: number): this {
    this.nowMs += ms;
    return this;
  }

  /** The session is looked at, at this moment. */
  look(): session.SessionOutcome {
    return this.input({ kind: 'time', nowMs: this.nowMs, fleet: this.fleet });
  }

  /** Time passes up to when the session wants to be looked at, and it is. */
  due(): session.SessionOutcome {
    const at = this.state && session.nextDueMs(this.state);
    if (at === undefined) throw new Error('nothing is due');
    this.nowMs = Math.max(this.nowMs, at);
    return this.look();
  }

  /** Time passes, and the session is looked at whenever it is due, until nothing is due or it waits on. */
  untilQuiet(limit = 100): this {
    for (let turn = 0; turn < limit; turn++) {
      if (this.state === undefined || session.nextDueMs(this.state) === undefined) return this;
      this.due();
    }
    throw new Error('it is due for ever');
  }

  input(input: Input): session.SessionOutcome {
    const outcome = session.decide(this.id, this.state, input);
    if (outcome.kind !== 'append') return outcome;
    const decided: session.SessionDecided = JSON.parse(
      JSON.stringify({ name: outcome.name, data: outcome.data }),
    );
    this.decisions.push(decided);
    this.state = session.evolve(this.state, decided);
    return outcome;
  }

  /** Whether this life was ever declared silent. */
  wasSilent({ broker_id, incarnation }: { broker_id: string; incarnation: string }): boolean {
    return this.everSilent.has(`${broker_id}/${incarnation}`);
  }

  private leg(of: string): string {
    this.legs += 1;
    return `${of}-${this.legs}`;
  }
}

const trips = (rtts: Readonly<Record<string, number>>): { broker_id: string; rtt_ms: number }[] =>
  Object.entries(rtts).map(([broker_id, rtt_ms]) => ({ broker_id, rtt_ms }));

/** One line of an outcome: name → phase (reason), and each command with the broker that it goes to. */
export function sessionLine(outcome: session.SessionOutcome): string {
  if (outcome.kind === 'ignore') return `ignored: ${outcome.reason}`;
  if (outcome.kind === 'reject') return `rejected: ${outcome.reason}`;
  const { name, data } = outcome;
  const commands = data.commands.map((each) => `${each.name} ${each.agent_id}/${each.epoch}`);
  const told = commands.length === 0 ? '' : ` | ${commands.join(', ')}`;
  return `${name} → ${data.phase} (${data.reason}) epoch ${data.epoch}${told}`;
}
