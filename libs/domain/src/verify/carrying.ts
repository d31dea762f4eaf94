import type { Fact } from '../decider.ts';
import type { DecisionBook } from './decisions.ts';
import { endOf } from './ends.ts';
import type { KnownFact } from './facts.ts';
import type { Findings } from './findings.ts';
import { type GivenPlacement, type LinkHistory, maybeGiven } from './history.ts';
import type { ReportBook } from './reports.ts';
import type { LogPlace } from './types.ts';

type Established = Extract<Fact, { name: 'new-connection-established' }>;

interface Said {
  readonly witness: KnownFact['witness'];
  readonly agentId: string;
}

interface Epoch {
  established?: Said & { readonly id: string; readonly incarnation: string };
  /** The earliest word that it is over. */
  over?: Said;
  /** What each end said itself, the earliest. */
  readonly ownEnds: Map<string, Said>;
}

/** Who carried which epoch, as the agents themselves said: told apart from what was decided. */
export class CarryingBook {
  private readonly links = new Map<LinkHistory, Map<number, Epoch>>();
  private readonly lives = new Map<string, { history: LinkHistory; epoch: number }[]>();
  /** The highest epoch that each life established, by link. */
  private readonly highest = new Map<string, Said & { readonly epoch: number }>();

  constructor(
    private readonly decisions: DecisionBook,
    private readonly findings: Findings,
  ) {
    for (const history of decisions.links()) {
      for (const [epoch, { placement }] of history.given) {
        this.alive(placement.client_id, placement.client_incarnation, history, epoch);
        this.alive(placement.server_id, placement.server_incarnation, history, epoch);
      }
    }
  }

  add({ fact, witness }: KnownFact): void {
    if (fact.name === 'agent-silent') {
      const placed = this.lives.get(`${fact.data.agent_id} ${fact.data.incarnation}`) ?? [];
      for (const { history, epoch } of placed) this.ended(history, epoch, fact, witness);
      return;
    }
    if (!('connection_id' in fact.data) || !('epoch' in fact.data)) return;
    const { connection_id, home_region, epoch } = fact.data;
    const history = this.decisions.link(home_region ?? regionOf(witness.place), connection_id);
    if (fact.name === 'new-connection-established') this.onEstablished(history, fact, witness);
    else if (history !== undefined && epoch !== undefined) this.ended(history, epoch, fact, witness);
  }

  /** After every fact: what they say together. */
  check(reports: ReportBook, clockSkewMs: number): void {
    for (const [history, epochs] of this.links) {
      this.neverTwo(history, epochs, clockSkewMs);
      for (const [epoch, { ownEnds }] of epochs) {
        for (const { witness, agentId } of ownEnds.values()) {
          const active = reports.activeAfter(history, epoch, agentId, witness.timeMs);
          const detail = `${agentId} reports epoch ${epoch}, which it had stopped carrying`;
          if (active) this.findings.add('carried-after-end', history.connectionId, detail, active, witness);
        }
      }
    }
  }

  private alive(agentId: string, incarnation: string, history: LinkHistory, epoch: number): void {
    const life = `${agentId} ${incarnation}`;
    const placed = this.lives.get(life) ?? [];
    placed.push({ history, epoch });
    this.lives.set(life, placed);
  }

  private epochOf(history: LinkHistory, epoch: number): Epoch {
    const epochs = this.links.get(history) ?? new Map<number, Epoch>();
    this.links.set(history, epochs);
    const known: Epoch = epochs.get(epoch) ?? { ownEnds: new Map() };
    epochs.set(epoch, known);
    return known;
  }

  private onEstablished(
    history: LinkHistory | undefined,
    { data, id }: Established,
    witness: KnownFact['witness'],
  ): void {
    const { epoch, agent_id: agentId, incarnation = '', server_id, connection_id } = data;
    // Only an agent carries anything; a word by somebody else changes nothing, and is passed over as by the deciders.
    if (agentId === undefined) return;
    const given = history?.given.get(epoch);
    if (history === undefined || given === undefined || !isOf(given, data)) {
      if (history !== undefined && given === undefined && maybeGiven(history, epoch)) return;
      const detail = `${agentId} carried epoch ${epoch} to ${server_id}, which no decision gave them`;
      this.findings.add('unknown-placement', connection_id, detail, witness, given?.by ?? history?.last);
      return;
    }
    const known = this.epochOf(history, epoch);
    const { established } = known;
    if (established?.id === id) return;
    const subject = history.connectionId;
    const ended = known.ownEnds.get(agentId);
    if (ended && isAfter(witness, ended.witness)) {
      const detail = `${agentId} established epoch ${epoch} after it had stopped carrying it`;
      this.findings.add('carried-after-end', subject, detail, witness, ended.witness);
      return;
    }
    if (established && established.incarnation === incarnation) {
      const detail = `${agentId} established epoch ${epoch} twice`;
      this.findings.add('command-ran-twice', subject, detail, established.witness, witness);
      return;
    }
    const life = `${subject} ${agentId} ${incarnation}`;
    const highest = this.highest.get(life);
    if (highest !== undefined && highest.epoch > epoch && isAfter(witness, highest.witness)) {
      const detail = `${agentId} established epoch ${epoch} after epoch ${highest.epoch}`;
      this.findings.add('epoch-went-back', subject, detail, witness, highest.witness);
    } else this.highest.set(life, { epoch, agentId, witness });
    known.established ??= { id, agentId, incarnation, witness };
  }

  private ended(history: LinkHistory, epoch: number, fact: Fact, witness: KnownFact['witness']): void {
    const end = endOf(history, epoch, fact);
    if (end === undefined) return;
    const { agentId, isOwnWord } = end;
    const known = this.epochOf(history, epoch);
    const said = { agentId, witness };
    if (known.over === undefined || witness.timeMs < known.over.witness.timeMs) known.over = said;
    if (isOwnWord && !known.ownEnds.has(agentId)) known.ownEnds.set(agentId, said);
  }

  /** One epoch after the other: the earlier one is over, by somebody's word, when the next one is established. */
  private neverTwo(history: LinkHistory, epochs: ReadonlyMap<number, Epoch>, clockSkewMs: number): void {
    const carried = [...epochs].filter(([, { established }]) => established !== undefined);
    carried.sort(([one], [other]) => one - other);
    for (const [index, [epoch, { established, over }]] of carried.entries()) {
      const [nextEpoch, next] = carried[index + 1] ?? [];
      if (established === undefined || next?.established === undefined) continue;
      const forced = history.given.get(epoch)?.forced;
      const end = forced ?? over?.witness;
      const began = next.established;
      // Times of one agent come from one clock.
      const slackMs = end !== undefined && over?.agentId === began.agentId && !forced ? 0 : clockSkewMs;
      if (end !== undefined && end.timeMs <= began.witness.timeMs + slackMs) continue;
      const when = end === undefined ? 'was never said to be over' : 'was over only later';
      const detail = `epoch ${epoch} ${when} when epoch ${nextEpoch} began to carry`;
      const subject = history.connectionId;
      this.findings.add('two-active', subject, detail, end ?? established.witness, began.witness);
    }
  }
}

const regionOf = ({ topic }: LogPlace): string => topic.slice(0, topic.indexOf('.'));

/** The placement's own client, in the life that was commanded, to its own server. */
const isOf = (
  { placement }: GivenPlacement,
  { agent_id, incarnation, server_id }: Established['data'],
): boolean =>
  placement.client_id === agent_id &&
  placement.client_incarnation === incarnation &&
  placement.server_id === server_id;

/** Whether an agent said one behind the other: in one partition, and by its own clock, as facts may overtake each other. */
const isAfter = ({ place, timeMs }: KnownFact['witness'], other: KnownFact['witness']): boolean =>
  place.topic === other.place.topic &&
  place.partition === other.place.partition &&
  place.offset > other.place.offset &&
  timeMs >= other.timeMs;
