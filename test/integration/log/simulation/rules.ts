import type { Log } from '#libs/log';
import { ClaimTracker } from '../../../../libs/log/src/claims.ts';
import { Aggregates } from '../../../../libs/log/src/loop/aggregates.ts';
import { PartitionHold } from '../../../../libs/log/src/loop/hold.ts';
import { PartitionOwner } from '../../../../libs/log/src/loop/owner.ts';
import { claimRecord } from '../../../../libs/log/src/loop/records.ts';
import { SnapshotFold } from '../../../../libs/log/src/loop/restore.ts';
import { DecisionWriter } from '../../../../libs/log/src/loop/writer.ts';
import type { ScheduleOptions } from './schedule.ts';

/** One rule of DESIGN's log, and how the code does without it. */
export interface Rule {
  readonly rule: string;
  /** @returns what puts the rule back. */
  remove?(): () => void;
  readonly options?: Partial<ScheduleOptions>;
}

// biome-ignore lint/suspicious/noExplicitAny: these reach into classes on purpose.
type Open = any;

/** Puts another method or getter in a class's place. */
function replace(target: { readonly prototype: object }, name: string, by: PropertyDescriptor): () => void {
  const before = Object.getOwnPropertyDescriptor(target.prototype, name) as PropertyDescriptor;
  Object.defineProperty(target.prototype, name, { ...before, ...by });
  return () => Object.defineProperty(target.prototype, name, before);
}

const method = (value: (this: Open, ...args: Open[]) => unknown): PropertyDescriptor => ({ value });

/** The steps of PartitionHold.claim, but for the look at what became of the claim. */
function claimBlindly(): () => void {
  return replace(
    PartitionHold,
    'claim',
    method(async function (onDecision: Open) {
      const { context, partition } = this;
      const { logTopic, stateTopic, source } = context.definition;
      await this.readLogTo((await context.ends.of(logTopic, partition)).high, onDecision);
      const writer = { source, partition, epoch: this.logClaims.writerEpoch + 1, id: this.newId() };
      const nowMs = context.clock.nowMs();
      const at = await context.log.append(logTopic, partition, [claimRecord(logTopic, writer, nowMs)]);
      await this.readLogTo(at + 1, onDecision);
      await context.log.append(stateTopic, partition, [claimRecord(stateTopic, writer, nowMs)]);
      await this.readSnapshots();
      return { kind: 'owned', writer, logEnd: this.logPosition, stateEnd: this.statePosition };
    }),
  );
}

/** A log that says of each decision that it stands where it was expected. */
function believing(log: Log): Log {
  let end = 0;
  const append: Log['append'] = async (topic, partition, records) => {
    const base = await log.append(topic, partition, records);
    if (!topic.endsWith('controller-events')) return base;
    const isClaim = String(records[0]?.key).startsWith('claim/');
    const said = isClaim ? base : end;
    end = said + records.length;
    return said;
  };
  return new Proxy(log, {
    get: (target, name) => {
      const value = name === 'append' ? append : Reflect.get(target, name);
      return typeof value === 'function' && name !== 'append' ? value.bind(target) : value;
    },
  });
}

/**
 * Those that a few hundred schedules show. The claim in the snapshots, and reading these to an end fetched
 * after it, matter in rarer ones.
 */
export const RULES: readonly Rule[] = [
  {
    rule: 'a claim is void unless its epoch exceeds every earlier one',
    remove: () =>
      replace(
        ClaimTracker,
        'judge',
        method(function (record: Open) {
          const { writer_epoch, writer_id } = record.headers;
          if (record.name !== 'writer-claimed')
            return { kind: 'record', valid: Number(writer_epoch) === this.epoch && writer_id === this.id };
          this.epoch = Number(writer_epoch);
          this.id = writer_id;
          return { kind: 'claim', valid: true };
        }),
      ),
  },
  {
    rule: "a record is void unless it is by the last valid claim's writer",
    remove: () => {
      const { judge } = ClaimTracker.prototype;
      return replace(
        ClaimTracker,
        'judge',
        method(function (record: Open) {
          const standing = judge.call(this, record);
          return standing.kind === 'claim' ? standing : { kind: 'record', valid: true };
        }),
      );
    },
  },
  {
    rule: 'of two records with one version the first stands',
    remove: () =>
      replace(
        Aggregates,
        'fold',
        method(function (decision: Open) {
          this.put(decision.key, this.definition.evolve(this.confirmed.get(decision.key), decision));
          this.dirty.add(decision.key);
          return true;
        }),
      ),
  },
  {
    rule: "each append's answer must hold the expected offset",
    options: { wrap: believing },
  },
  {
    rule: 'an owner reads up to its own claim, and repeats if that is void',
    remove: claimBlindly,
  },
  {
    rule: 'snapshots by a lower epoch after a claim are void',
    remove: () => {
      const { add } = SnapshotFold.prototype;
      return replace(
        SnapshotFold,
        'add',
        method(function (record: Open) {
          if (record.name === 'writer-claimed') return add.call(this, record);
          this.last.set(record.key, { kind: 'snapshot', record });
          return true;
        }),
      );
    },
  },
  {
    rule: 'a key whose last snapshot is void is folded from the whole log',
    remove: () =>
      replace(
        SnapshotFold,
        'suspects',
        method(() => new Set()),
      ),
  },
  {
    rule: 'after a doubt, inputs go on where they stood at the last acknowledged append',
    remove: () => {
      const { dropAll } = PartitionOwner.prototype as Open;
      return replace(
        PartitionOwner,
        'dropAll',
        method(function () {
          if (this.ownership) this.progress = this.judged();
          return dropAll.call(this);
        }),
      );
    },
  },
  {
    rule: 'a checkpoint names inputs whose decisions are acknowledged',
    remove: () => replace(DecisionWriter, 'idle', { get: () => true }),
  },
  {
    rule: 'a checkpoint names an offset below which all is in acknowledged snapshots',
    remove: () =>
      replace(DecisionWriter, 'acknowledgedEnd', {
        get(this: Open) {
          return this.sentEnd;
        },
      }),
  },
  {
    rule: 'a position holds the writer of the last valid claim before it',
    remove: () =>
      replace(
        PartitionHold,
        'startAt',
        method(function (checkpoint: Open) {
          this.logPosition = checkpoint?.offset ?? 0;
          this.logClaims = new ClaimTracker();
        }),
      ),
  },
  {
    rule: 'commands leave after their decision was acknowledged',
    remove: () => {
      const { enqueue } = DecisionWriter.prototype;
      return replace(
        DecisionWriter,
        'enqueue',
        method(function (queued: Open) {
          const { context } = this.host;
          context.commands.send(context.definition.commandsOf(queued.decision));
          return enqueue.call(this, queued);
        }),
      );
    },
  },
  {
    rule: 'unanswered commands are sent again after a claim',
    options: { definition: { unanswered: () => [] } },
  },
  {
    rule: 'a handled input changes nothing when it comes again',
    options: { forgetful: true },
  },
];
