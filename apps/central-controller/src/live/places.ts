import { EARLIEST, type LogPosition } from '#libs/log';

/** Up to where each partition of each region's decisions was given, whose records counted there included. */
export class Places {
  private readonly all: Map<string, readonly LogPosition[]>;

  constructor(all: ReadonlyMap<string, readonly LogPosition[]>) {
    this.all = new Map(all);
  }

  /** Nothing was given of so many partitions of each region. */
  static earliest(regions: readonly string[], partitions: number): Places {
    return new Places(new Map(regions.map((region) => [region, new Array(partitions).fill(EARLIEST)])));
  }

  copy(): Places {
    return new Places(this.all);
  }

  at(region: string, partition: number): LogPosition {
    return this.all.get(region)?.[partition] ?? EARLIEST;
  }

  set(region: string, partition: number, position: LogPosition): void {
    const known = this.all.get(region);
    if (known === undefined) return;
    this.all.set(region, known.with(partition, position));
    this.texts.delete(region);
  }

  *entries(): Iterable<{ region: string; partition: number; position: LogPosition }> {
    for (const [region, positions] of this.all) {
      for (const [partition, position] of positions.entries()) yield { region, partition, position };
    }
  }

  /** Whether nothing of the other lies before this. */
  reaches(other: Places): boolean {
    for (const { region, partition, position } of other.entries()) {
      if (this.at(region, partition).offset < position.offset) return false;
    }
    return true;
  }

  private readonly texts = new Map<string, string>();

  /** As the `id` of an event: no newline, no comma-separated header's trouble, and opaque to whoever gets it. */
  text(): string {
    const parts: string[] = [];
    for (const [region, positions] of this.all) {
      const known = this.texts.get(region);
      const text = known ?? `${region}:${positions.map(textOf).join('.')}`;
      if (known === undefined) this.texts.set(region, text);
      parts.push(text);
    }
    return parts.join(';');
  }

  /** @returns undefined for a text that no stream of these regions and partitions gave. */
  static parse(text: string, regions: readonly string[], partitions: number): Places | undefined {
    const all = new Map<string, LogPosition[]>();
    for (const part of text.split(';')) {
      const [region = '', list = ''] = part.split(':');
      const positions = list.split('.').map(positionOf);
      if (positions.length !== partitions || positions.some((each) => each === undefined)) return undefined;
      all.set(region, positions as LogPosition[]);
    }
    const isSame = all.size === regions.length && regions.every((region) => all.has(region));
    return isSame ? new Places(all) : undefined;
  }
}

/** `<offset>~<writer epoch>~<writer id>`, the numbers to the base 36, the last two absent before any claim. */
function textOf({ offset, writer_epoch, writer_id }: LogPosition): string {
  if (writer_epoch === 0) return offset.toString(36);
  return `${offset.toString(36)}~${writer_epoch.toString(36)}~${Buffer.from(writer_id).toString('base64url')}`;
}

function positionOf(text: string): LogPosition | undefined {
  const [offset, epoch, id, ...more] = text.split('~');
  const number = (digits: string | undefined) =>
    /^[0-9a-z]{1,11}$/.test(digits ?? '') ? Number.parseInt(digits ?? '', 36) : Number.NaN;
  const position = {
    offset: number(offset),
    writer_epoch: epoch === undefined ? 0 : number(epoch),
    writer_id: Buffer.from(id ?? '', 'base64url').toString(),
  };
  if (more.length > 0 || !Number.isSafeInteger(position.offset)) return undefined;
  return Number.isSafeInteger(position.writer_epoch) ? position : undefined;
}
