import {
  regionOfTopic,
  type SessionDecision,
  type SessionDecisionName,
  STATUS_OF_SESSION_PHASE,
} from '#libs/contracts';
import type { Fact } from '../decider.ts';
import { alreadyHandled } from '../handled.ts';
import { decisionId } from '../ids.ts';
import type { SessionState } from '../session/index.ts';
import { evolve } from '../session/index.ts';
import type { CommandBook } from './commands.ts';
import type { KnownFact } from './facts.ts';
import type { Findings } from './findings.ts';
import type { Gap, IssuedCommand } from './history.ts';
import type { AuditRecord, Witness } from './types.ts';

type RelayOpened = Extract<Fact, { name: 'relay-opened' }>;

interface Given {
  readonly brokerId: string;
  readonly incarnation: string;
  readonly by: Witness;
}

/** What the decisions on one session say, folded as they come. */
export interface SessionHistory {
  readonly connectionId: string;
  readonly home: string;
  state: SessionState | undefined;
  last: Witness | undefined;
  /** By epoch. */
  readonly given: Map<number, Given>;
  readonly gaps: Gap[];
}

/** Sessions: their decisions follow from one another, one epoch has one broker, and only that one opens a relay under it. */
export class SessionBook {
  private readonly histories = new Map<string, SessionHistory>();

  constructor(private readonly findings: Findings) {}

  history(home: string, connectionId: string): SessionHistory | undefined {
    return this.histories.get(`${home} ${connectionId}`);
  }

  add(
    record: AuditRecord,
    data: SessionDecision,
    isAfterGap: boolean,
    issued: Map<string, IssuedCommand>,
  ): void {
    const home = regionOfTopic(record.place.topic);
    const history = this.history(home, record.key) ?? emptyHistory(record.key, home);
    this.histories.set(`${home} ${record.key}`, history);
    const by: Witness = { place: record.place, name: record.name, timeMs: record.timeMs };
    const before = history.state;
    if (isAfterGap) {
      const fromVersion = (before?.version ?? 0) + 1;
      const fromEpoch = (before?.epoch ?? 0) + 1;
      history.gaps.push({ fromVersion, toVersion: data.version - 1, fromEpoch, toEpoch: data.epoch });
    }
    const differs = (detail: string) =>
      this.findings.add('state-differs', record.key, detail, by, history.last);
    for (const command of data.commands) {
      const earlier = issued.get(command.command_id);
      if (earlier) differs(`${command.command_id} is issued a second time`);
      else issued.set(command.command_id, { command, by });
    }
    // Behind a gap the state before is not the one that was decided on.
    if (!isAfterGap) for (const detail of contradictions(before, record, home)) differs(detail);
    this.noteEpoch(history, data, by);
    history.state = evolve(before, { name: record.name as SessionDecisionName, data });
    history.last = by;
  }

  /** A broker says that a relay stands: it must be the one that a decision gave this epoch. */
  opened({ fact, witness }: KnownFact): void {
    const { connection_id, home_region, epoch, broker_id, incarnation } = (fact as RelayOpened).data;
    const topic = 'topic' in witness.place ? witness.place.topic : '';
    const history = this.history(home_region ?? regionOfTopic(topic), connection_id);
    const given = history?.given.get(epoch);
    if (given?.brokerId === broker_id && given.incarnation === incarnation) return;
    if (given === undefined && history?.gaps.some((gap) => epoch >= gap.fromEpoch && epoch <= gap.toEpoch))
      return;
    const detail = `${broker_id} opened a relay of epoch ${epoch}, which no decision gave it`;
    this.findings.add('unknown-placement', connection_id, detail, witness, given?.by ?? history?.last);
  }

  /** Every command of a session that lives was answered, superseded, or given up in time. */
  check(commands: CommandBook, endMs: number, underWayMs: number): void {
    for (const { state, last, connectionId } of this.histories.values()) {
      for (const { command, giveUpMs } of state?.pending ?? []) {
        if (commands.isAnswered(command.command_id) || giveUpMs + underWayMs >= endMs) continue;
        const detail = `${command.command_id} was neither answered nor superseded nor given up`;
        this.findings.add('command-unended', connectionId, detail, last);
      }
    }
  }

  private noteEpoch(history: SessionHistory, { placement }: SessionDecision, by: Witness): void {
    if (placement === undefined) return;
    const { epoch, broker_id: brokerId, incarnation } = placement;
    const known = history.given.get(epoch);
    const back = (detail: string, other: Witness | undefined) =>
      this.findings.add('epoch-went-back', history.connectionId, `epoch ${epoch} ${detail}`, by, other);
    if (known !== undefined) {
      const isSame = known.brokerId === brokerId && known.incarnation === incarnation;
      if (!isSame) back('is given to two brokers', known.by);
      return;
    }
    const highest = Math.max(0, ...history.given.keys());
    if (epoch < highest) back(`comes after epoch ${highest}`, history.given.get(highest)?.by);
    history.given.set(epoch, { brokerId, incarnation, by });
  }
}

const emptyHistory = (connectionId: string, home: string): SessionHistory => ({
  connectionId,
  home,
  state: undefined,
  last: undefined,
  given: new Map(),
  gaps: [],
});

/** What a decision says that the state before it, or it itself, contradicts. */
function contradictions(before: SessionState | undefined, record: AuditRecord, home: string): string[] {
  const data = record.data as SessionDecision;
  const { phase, placement, version } = data;
  const found: string[] = [];
  const holds = (condition: boolean, detail: string) => {
    if (!condition) found.push(detail);
  };
  const { key, id } = record;
  holds(data.connection_id === key, `it is on ${data.connection_id}, under the key ${key}`);
  holds(data.home_region === home, `its home is ${data.home_region}, in the log of ${home}`);
  holds(id === decisionId(key, version), `its id is ${id}, its version ${version}`);
  const status = STATUS_OF_SESSION_PHASE[phase];
  holds(data.status === status, `its status is ${data.status}, its phase ${phase}`);
  const stands = phase === 'open' || phase === 'draining';
  holds(!stands || placement?.opened === true, `it is ${phase}, and no relay stood`);
  const target = before?.target_id;
  holds(target === undefined || data.target_id === target, `its target is ${data.target_id}, not ${target}`);
  const pending = new Set(before?.pending.map(({ command }) => command.command_id));
  for (const { command_id } of data.ended_commands ?? []) {
    holds(pending.has(command_id), `it ends ${command_id}, which nobody waited for`);
  }
  const { topic, partition, offset } = data.evidence[0] ?? {};
  if (topic !== undefined && partition !== undefined && offset !== undefined) {
    const isNew = !alreadyHandled(before?.handled, { topic, partition, offset });
    holds(isNew, `it judges ${topic}/${partition}@${offset} once more`);
  }
  for (const command of data.commands) {
    holds(command.decision_id === id, `its command ${command.command_id} names ${command.decision_id}`);
  }
  return found;
}
