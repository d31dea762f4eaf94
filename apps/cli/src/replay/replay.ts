import { TIMING, TOPIC, topicName } from '#libs/contracts';
import { type FactInput, type Input, loop } from '#libs/domain';
import { type Change, Fleets } from './fleets.ts';
import { apartFrom, differencesOf, type Judgement, loggedOf, type Made } from './judgement.ts';
import type { Logged, SliceOfLog } from './slice.ts';
import { type Step, timelineOf } from './timeline.ts';

/**
 * Facts of two topics that were written within this time may have been read in either order, in milliseconds: which of
 * them a loop judged first stands in the log only where both led to decisions.
 */
const ORDER_SLACK_MS = 1_000;

/** Steps that are looked at for decisions of the same moment. */
const STEPS_AHEAD = 64;

export interface ReplayOptions {
  /** Control regions whose controller can be asked for a server; absent: those that the slice shows as asked. */
  readonly peers?: readonly string[];
  /** As the loop that wrote the log had them; absent: the defaults. */
  readonly timings?: Partial<Record<'fleetAgeMs' | 'peerDeadlineMs' | 'reservationMs', number>>;
  /** Where a key belongs among the partitions of the topics. */
  partitionOf(key: string): number;
}

/** Goes through a slice again, region by region. Each judgement is told as it is made. */
export function replay(
  slice: SliceOfLog,
  options: ReplayOptions,
  told: (judgement: Judgement) => void,
): void {
  for (const region of slice.regions) new RegionReplay(slice, region, options, told).run();
}

interface Partition {
  readonly aggregates: Map<string, loop.Aggregate>;
  memory: loop.AgentMemory;
}

/** What a judgement is of. */
interface About {
  readonly partition: number;
  readonly key: string;
  readonly input: string;
  readonly place?: string;
  readonly atMs: number;
}

/** A fact that would be decided on, and that the log ignored: it may have been judged after the next decision. */
interface Waiting {
  readonly about: About;
  readonly fact: FactInput;
  readonly writtenMs: number;
  readonly made: Made;
}

/** The loop of one region, with the log in the place of its own appends. */
class RegionReplay {
  private readonly partitions = new Map<number, Partition>();
  private readonly fleets: Fleets;
  private readonly knownMs: number;
  private readonly logTopic: string;
  private readonly steps: readonly Step[];
  /** The step that comes next. */
  private next = 0;
  private waiting: Waiting[] = [];

  constructor(
    private readonly slice: SliceOfLog,
    private readonly region: string,
    private readonly options: ReplayOptions,
    private readonly told: (judgement: Judgement) => void,
  ) {
    const { fleetAgeMs } = { ...TIMING, ...options.timings };
    this.logTopic = topicName(region, TOPIC.controllerEvents);
    this.steps = timelineOf(slice, this.logTopic);
    this.knownMs = slice.fleetKnownMs(fleetAgeMs);
    const peers = (options.peers ?? this.askedPeers()).filter((each) => each !== region);
    this.fleets = new Fleets(slice.reports, fleetAgeMs, new Set(peers));
  }

  run(): void {
    for (const [index, step] of this.steps.entries()) {
      this.next = index + 1;
      this.fleets.advance(step.atMs);
      this.giveUpWaiting(step.atMs);
      if (step.kind === 'fact') this.takeFact(step);
      else this.takeOther(step);
    }
    this.giveUpWaiting(Number.POSITIVE_INFINITY);
  }

  /** A region that a question went to, or that a choice names. */
  private askedPeers(): string[] {
    const named = [...(this.slice.truth.get(this.logTopic)?.values() ?? [])].flat().flatMap(({ data }) => {
      const { asking, peer } = data as { asking?: { peer_region: string }; peer?: { peer_region: string } };
      return [asking?.peer_region, peer?.peer_region];
    });
    return [...new Set(named.filter((each) => each !== undefined))];
  }

  private takeOther({ kind, partition, logged, atMs }: Exclude<Step, { kind: 'fact' }>): void {
    const about = { partition, key: logged.record.key, input: kind === 'time' ? 'time' : 'unknown', atMs };
    if (kind === 'time' && atMs >= this.knownMs) {
      const input: Input = { kind: 'time', nowMs: logged.judgedMs, fleet: this.anyFleet };
      this.tell(about, this.decided(about, input, logged), logged);
    } else {
      this.give(about, logged);
    }
    this.follow(partition, logged, atMs);
    if (kind === 'given') this.rememberGiven(partition, logged);
  }

  private takeFact({ partition, record, logged, atMs }: Extract<Step, { kind: 'fact' }>): void {
    if (!record.readable) return;
    const [one] = logged.values();
    const verdict = loop.toInput(record, one?.judgedMs ?? atMs, this.rules(this.anyFleet));
    const place = `${record.topic}/${record.partition}@${record.offset}`;
    const keys = verdict.kind === 'input' ? this.remember(partition, verdict.input) : new Set<string>();
    for (const key of keys) {
      const each = logged.get(key);
      const about = { partition, key, input: record.name, place, atMs };
      if (atMs < this.knownMs) {
        if (each) this.give(about, each);
        continue;
      }
      const fact = (verdict as { input: FactInput }).input;
      const made = this.decided(about, fact, each);
      if (each === undefined && made.kind === 'append') {
        this.waiting.push({ about, fact, made, writtenMs: record.raw.timestampMs });
      } else this.tell(about, made, each);
    }
    for (const each of logged.values()) {
      const { key } = each.record;
      if (!keys.has(key)) {
        this.tell({ partition, key, input: record.name, place, atMs }, { kind: 'nothing' }, each);
      }
      this.follow(partition, each, atMs, record.raw.timestampMs);
    }
  }

  /** @returns the keys that the input concerns */
  private remember(partition: number, input: FactInput): Set<string> {
    const own = this.partition(partition);
    own.memory = loop.remember(own.memory, input);
    const view = { partition, entries: () => own.aggregates.entries() };
    return new Set(loop.keysOf(input, view, this.rules(this.anyFleet)));
  }

  /**
   * What is decided now: as in the log where that follows from the fleet as of a moment in which it may have been seen, and
   * as near to it as any of them leads where none does, so that nothing else is told as a difference.
   */
  private decided({ partition, key, atMs }: About, input: Input, logged: Logged | undefined): Made {
    const { aggregates, memory } = this.partition(partition);
    let nearest: { readonly made: Made; readonly apart: number } | undefined;
    for (const fleet of this.fleets.seenFrom(partition, atMs, () => this.coming())) {
      const outcome = loop.decide(
        key,
        aggregates.get(key),
        loop.withMemory(input, memory, this.rules(fleet)),
      );
      // As it would stand in the log: absent members are not there.
      const made: Made =
        outcome.kind === 'append'
          ? { kind: 'append', name: outcome.name, data: JSON.parse(JSON.stringify(outcome.data)) as object }
          : { kind: outcome.kind, reason: outcome.reason };
      const apart = apartFrom(made, logged);
      if (apart === 0) return made;
      if (nearest === undefined || apart < nearest.apart) nearest = { made, apart };
    }
    return nearest?.made ?? { kind: 'nothing' };
  }

  /** What the log holds next, as far as it could have been made at the same moment. */
  private *coming(): Generator<Change> {
    const ahead = new Map<string, loop.Aggregate>();
    for (const step of this.steps.slice(this.next, this.next + STEPS_AHEAD)) {
      for (const { record, data } of step.kind === 'fact' ? step.logged.values() : [step.logged]) {
        const { key, name } = record;
        const before = ahead.get(key) ?? this.partition(step.partition).aggregates.get(key);
        const after = loop.evolve(before, { name, data });
        ahead.set(key, after);
        yield { partition: step.partition, atMs: step.atMs, key, before, after };
      }
    }
  }

  /** After a decision on its key, a fact that waits is judged again. */
  private reconsider(key: string, judgedMs: number, causeMs: number): void {
    const backlogMs = Math.max(0, judgedMs - causeMs);
    const still: Waiting[] = [];
    for (const one of this.waiting) {
      const mayBeLater = judgedMs - one.writtenMs <= ORDER_SLACK_MS + backlogMs;
      if (one.about.key !== key || !mayBeLater) {
        still.push(one);
        continue;
      }
      const made = this.decided(one.about, one.fact, undefined);
      if (made.kind === 'append') still.push(one);
      else this.tell(one.about, made, undefined);
    }
    this.waiting = still;
  }

  /** What of a decision that is only taken over a loop remembered beside the states. */
  private rememberGiven(where: number, { record }: Logged): void {
    const after = this.partition(where).aggregates.get(record.key);
    if (after?.kind !== 'region') return;
    const { settings } = after.state;
    for (const partition of this.slice.partitions) {
      const own = this.partition(partition);
      own.memory = { ...own.memory, settings };
    }
  }

  /** The next decision came too late to explain it, or did not come. */
  private giveUpWaiting(nowMs: number): void {
    const isOver = ({ about }: Waiting) => nowMs - about.atMs > this.longestWaitMs;
    for (const { about, made } of this.waiting.filter(isOver)) this.tell(about, made, undefined);
    this.waiting = this.waiting.filter((one) => !isOver(one));
  }

  /** A loop that was away judges what came meanwhile all at once. */
  private readonly longestWaitMs = 60_000;

  private give(about: About, logged: Logged): void {
    const made: Made = { kind: 'nothing' };
    this.told({
      ...about,
      region: this.region,
      made,
      logged: loggedOf(logged),
      differences: [],
      verdict: 'given',
    });
  }

  private tell(about: About, made: Made, logged: Logged | undefined): void {
    const differences = differencesOf(made, logged);
    const verdict = differences.length === 0 ? 'same' : 'different';
    this.told({
      ...about,
      region: this.region,
      made,
      ...(logged && { logged: loggedOf(logged) }),
      differences,
      verdict,
    });
  }

  /** Whatever was decided now: what comes next was decided on what stands in the log. */
  private follow(partition: number, logged: Logged, atMs: number, causeMs = atMs): void {
    const { key, name } = logged.record;
    const { aggregates } = this.partition(partition);
    const before = aggregates.get(key);
    const after = loop.evolve(before, { name, data: logged.data });
    aggregates.set(key, after);
    this.fleets.changed({ partition, atMs, key, before, after });
    this.reconsider(key, logged.judgedMs, causeMs);
  }

  private partition(partition: number): Partition {
    const known = this.partitions.get(partition) ?? { aggregates: new Map(), memory: loop.NO_MEMORY };
    this.partitions.set(partition, known);
    return known;
  }

  private get anyFleet(): loop.FleetView {
    return (this.fleets.all[0] as { fleet: loop.FleetView }).fleet;
  }

  private rules(fleet: loop.FleetView): loop.LoopRules {
    const { peerDeadlineMs, reservationMs } = { ...TIMING, ...this.options.timings };
    const partitionOf = (key: string) => this.options.partitionOf(key);
    return { region: this.region, fleet, partitions: 0, peerDeadlineMs, reservationMs, partitionOf };
  }
}
