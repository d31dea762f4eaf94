import { HEADER, WRITER_CLAIMED } from '#libs/contracts';
import type { LogPosition } from './follow/types.ts';
import type { LogRecord } from './port.ts';

export type Standing =
  | { readonly kind: 'claim'; readonly valid: boolean }
  | { readonly kind: 'record'; readonly valid: boolean };

/**
 * Whose records count in one partition, record by record. A claim is void unless its epoch exceeds every
 * earlier one; any other record is void unless it was written by the last valid claim's writer.
 */
export class ClaimTracker {
  private epoch: number;
  private id: string;

  constructor(position?: Pick<LogPosition, 'writer_epoch' | 'writer_id'>) {
    this.epoch = position?.writer_epoch ?? 0;
    this.id = position?.writer_id ?? '';
  }

  get writerEpoch(): number {
    return this.epoch;
  }

  get writerId(): string {
    return this.id;
  }

  judge(record: LogRecord): Standing {
    const epoch = Number(record.raw.headers[HEADER.writerEpoch]?.toString('utf8') ?? 0);
    const id = record.raw.headers[HEADER.writerId]?.toString('utf8') ?? '';
    if (record.readable && record.name === WRITER_CLAIMED) {
      const valid = id !== '' && Number.isSafeInteger(epoch) && epoch > this.epoch;
      if (valid) {
        this.epoch = epoch;
        this.id = id;
      }
      return { kind: 'claim', valid };
    }
    return { kind: 'record', valid: id !== '' && epoch === this.epoch && id === this.id };
  }
}
