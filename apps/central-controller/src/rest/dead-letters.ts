import { Inject } from '@nestjs/common';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { HEADER } from '#libs/contracts';
import { type LogRecord, LogUnavailable, type OffsetRange, RANGE_LIMITS, TRUNCATED_HEADER } from '#libs/log';
import type { Page, PageRequest } from '#libs/registry';
import { Problem } from '../http/problem.ts';
import { LogLooks } from './log-looks.ts';

export const DEAD_LETTER_LIMITS = {
  /** Letters of a page at most, and when the caller names no limit. */
  page: 100,
  defaultPage: 50,
  /** Bytes of a value, and characters of a key, that are shown. */
  previewBytes: 4 * 1024,
  keyLength: 256,
  /** How long the log is given for a page, in milliseconds. */
  readMs: 10_000,
  /** Of a cursor, in characters. */
  cursor: 16 * 1024,
} as const;

export interface DeadLetter {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** RFC 3339: when it was put aside. */
  readonly time: string;
  readonly reason: string;
  /** Where it stood. */
  readonly origin: { readonly topic: string; readonly partition: number; readonly offset: number };
  readonly key?: string;
  /** `ce_type`, if it has one. */
  readonly type?: string;
  /** Of its value, as it was. */
  readonly size_bytes: number;
  readonly value_preview?: string;
}

export class ListDeadLetters extends Query<Page<DeadLetter>> {
  constructor(
    readonly page: PageRequest,
    /** A topic, or its dead-letter topic; absent: all of them. */
    readonly topic: string | undefined,
    /** Values are shown: whoever asks may see them. */
    readonly withValues: boolean,
  ) {
    super();
  }
}

/** The offset behind the newest letter that is left, by `<topic>/<partition>`. */
type Left = Record<string, number>;

@QueryHandler(ListDeadLetters)
export class ListDeadLettersHandler implements IQueryHandler<ListDeadLetters> {
  constructor(@Inject(LogLooks) private readonly looks: LogLooks) {}

  /** The newest first: what stands behind one another in a partition stays so, and partitions are merged by time. */
  async execute({ page, topic, withValues }: ListDeadLetters): Promise<Page<DeadLetter>> {
    const limit = page.limit ?? DEAD_LETTER_LIMITS.defaultPage;
    const topics = this.topicsOf(topic);
    const left = await this.leftOf(topics, page.cursor);
    const stacks = await this.newestOf(left, limit, withValues);
    const items: DeadLetter[] = [];
    while (items.length < limit) {
      const [key, stack] = newest(stacks) ?? [];
      const item = stack?.shift();
      if (key === undefined || item === undefined) break;
      items.push(item);
      left[key] = item.offset;
    }
    return [...stacks.values()].some((stack) => stack.length > 0) || (await this.hasMore(left, items, limit))
      ? { items, next_cursor: Buffer.from(JSON.stringify(left)).toString('base64url') }
      : { items };
  }

  private topicsOf(topic: string | undefined): readonly string[] {
    const known = this.looks.deadLetterTopics;
    if (topic === undefined) return known;
    const found = known.filter((each) => each === topic || each.startsWith(`${topic}.dead-letter`));
    if (found.length > 0) return found;
    throw new Problem('invalid-parameter', { detail: `topic must be one of ${known.join(', ')}` });
  }

  private async leftOf(topics: readonly string[], cursor: string | undefined): Promise<Left> {
    if (cursor !== undefined) return cursorOf(cursor, topics);
    const left: Left = {};
    for (const topic of topics) {
      for (const { partition, low, high } of await this.looks.ends(topic)) {
        if (high > low) left[`${topic}/${partition}`] = high;
      }
    }
    return left;
  }

  /** The newest letters of each partition, the newest first. */
  private async newestOf(left: Left, limit: number, withValues: boolean): Promise<Map<string, DeadLetter[]>> {
    const ranges = Object.entries(left).flatMap(([key, to]): OffsetRange[] => {
      const at = key.lastIndexOf('/');
      const place = { topic: key.slice(0, at), partition: Number(key.slice(at + 1)) };
      return to > 0 ? [{ ...place, from: Math.max(0, to - limit), to }] : [];
    });
    const stacks = new Map<string, DeadLetter[]>();
    const take = (record: LogRecord) => {
      const key = `${record.topic}/${record.partition}`;
      stacks.set(key, [letterOf(record, withValues), ...(stacks.get(key) ?? [])]);
    };
    for (let from = 0; from < ranges.length; from += RANGE_LIMITS.ranges) {
      const some = ranges.slice(from, from + RANGE_LIMITS.ranges);
      const whole = await this.looks.read(some, DEAD_LETTER_LIMITS.readMs, take);
      if (!whole) throw new LogUnavailable('the dead letters did not come in time');
    }
    return stacks;
  }

  /** A page that is full, of partitions that each gave all they were asked for, may have more behind it. */
  private async hasMore(left: Left, items: readonly DeadLetter[], limit: number): Promise<boolean> {
    if (items.length < limit) return false;
    for (const topic of new Set(Object.keys(left).map((key) => key.slice(0, key.lastIndexOf('/'))))) {
      for (const { partition, low } of await this.looks.ends(topic)) {
        if ((left[`${topic}/${partition}`] ?? 0) > low) return true;
      }
    }
    return false;
  }
}

function newest(stacks: Map<string, DeadLetter[]>): [string, DeadLetter[]] | undefined {
  let found: [string, DeadLetter[]] | undefined;
  for (const [key, stack] of stacks) {
    const [head] = stack;
    const best = found?.[1][0];
    if (head !== undefined && (best === undefined || head.time > best.time)) found = [key, stack];
  }
  return found;
}

/** @throws Problem for a cursor that no such list gave. */
function cursorOf(cursor: string, topics: readonly string[]): Left {
  if (cursor.length > DEAD_LETTER_LIMITS.cursor) throw new Problem('invalid-cursor');
  let left: unknown;
  try {
    left = JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    throw new Problem('invalid-cursor');
  }
  if (typeof left !== 'object' || left === null || Array.isArray(left)) throw new Problem('invalid-cursor');
  for (const [key, offset] of Object.entries(left)) {
    const [, topic = '', partition] = /^(.*)\/(\d{1,4})$/.exec(key) ?? [];
    const isOne = topics.includes(topic) && partition !== undefined;
    if (!isOne || !Number.isSafeInteger(offset) || offset < 0) throw new Problem('invalid-cursor');
  }
  return left as Left;
}

function letterOf(record: LogRecord, withValue: boolean): DeadLetter {
  const { raw, topic, partition, offset, headers } = record;
  const number = (name: string) => Number(headers[name] ?? 0);
  const { previewBytes, keyLength } = DEAD_LETTER_LIMITS;
  const value = raw.value ?? Buffer.alloc(0);
  return {
    topic,
    partition,
    offset,
    time: new Date(raw.timestampMs).toISOString(),
    reason: headers[HEADER.deadLetterReason] ?? '',
    origin: {
      topic: headers[HEADER.deadLetterTopic] ?? '',
      partition: number(HEADER.deadLetterPartition),
      offset: number(HEADER.deadLetterOffset),
    },
    ...(raw.key === null
      ? {}
      : {
          key: raw.key
            .subarray(0, 4 * keyLength)
            .toString()
            .slice(0, keyLength),
        }),
    ...(headers.ce_type === undefined ? {} : { type: headers.ce_type.slice(0, keyLength) }),
    // What was too large for a dead letter says how large it was.
    size_bytes: headers[TRUNCATED_HEADER] === undefined ? value.length : number(TRUNCATED_HEADER),
    ...(withValue && raw.value !== null ? { value_preview: value.subarray(0, previewBytes).toString() } : {}),
  };
}
