import type { DeadLetterReason } from '#libs/contracts';
import type { RawRecord, ReceivedEvent, RecordPosition, UnreadableRecord } from '../port.ts';
import type { CheckedAttributes } from './decode.ts';

function headerTexts(
  raw: RawRecord,
  extra: Record<string, string> | undefined,
): Readonly<Record<string, string>> {
  const texts: Record<string, string> = { ...extra };
  for (const name in raw.headers) {
    const value = raw.headers[name];
    if (value) texts[name] = value.toString('utf8');
  }
  return texts;
}

/** Headers become text when someone asks: most records are handled without. */
export class Received implements ReceivedEvent {
  readonly readable = true as const;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly id: string;
  readonly source: string;
  readonly name: string;
  readonly subject: string;
  readonly timeMs: number;
  private texts: Readonly<Record<string, string>> | undefined;

  constructor(
    at: RecordPosition,
    readonly key: string,
    attributes: CheckedAttributes,
    readonly data: unknown,
    readonly raw: RawRecord,
    private readonly extra: Record<string, string> | undefined,
  ) {
    this.topic = at.topic;
    this.partition = at.partition;
    this.offset = at.offset;
    this.id = attributes.id;
    this.source = attributes.source;
    this.name = attributes.name;
    this.subject = attributes.subject;
    this.timeMs = attributes.timeMs;
  }

  get headers(): Readonly<Record<string, string>> {
    this.texts ??= headerTexts(this.raw, this.extra);
    return this.texts;
  }
}

export class Unreadable implements UnreadableRecord {
  readonly readable = false as const;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  private texts: Readonly<Record<string, string>> | undefined;

  constructor(
    at: RecordPosition,
    readonly reason: DeadLetterReason,
    readonly detail: string,
    readonly raw: RawRecord,
  ) {
    this.topic = at.topic;
    this.partition = at.partition;
    this.offset = at.offset;
  }

  get key(): string | undefined {
    return this.raw.key?.toString('utf8');
  }

  get headers(): Readonly<Record<string, string>> {
    this.texts ??= headerTexts(this.raw, undefined);
    return this.texts;
  }
}
