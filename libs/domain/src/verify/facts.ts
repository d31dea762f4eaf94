import type { Evidence } from '#libs/contracts';
import type { Fact } from '../decider.ts';
import type { AuditRecord, LogPlace, Witness } from './types.ts';

export interface KnownFact {
  readonly fact: Fact;
  readonly witness: Witness & { readonly place: LogPlace };
}

/** Facts whose content matters after they were read; of the others the place and the id are kept. */
const KEPT: ReadonlySet<string> = new Set([
  'new-connection-established',
  'connection-lost',
  'connection-closed',
  'command-succeeded',
  'command-failed',
  'command-refused',
  'agent-silent',
  'failover-requested',
  'relay-opened',
]);

interface Slot {
  readonly id: string;
  readonly known?: KnownFact;
}

interface Partition {
  first: number;
  last: number;
  readonly slots: Map<number, Slot>;
}

/** What was cited: found, or not there, or outside what was read. */
export type Cited =
  | { readonly kind: 'found'; readonly known?: KnownFact }
  | { readonly kind: 'other' | 'unread' };

/** The facts as they stand in the log. */
export class FactBook {
  count = 0;
  private readonly partitions = new Map<string, Partition>();
  private readonly byId = new Map<string, Slot>();

  /** A record that is no fact that anybody acts on: it only shows how far was read. */
  saw({ topic, partition, offset }: LogPlace): void {
    const key = `${topic}/${partition}`;
    const known = this.partitions.get(key);
    if (known === undefined) {
      this.partitions.set(key, { first: offset, last: offset, slots: new Map() });
      return;
    }
    known.first = Math.min(known.first, offset);
    known.last = Math.max(known.last, offset);
  }

  add(record: AuditRecord): void {
    this.saw(record.place);
    this.count += 1;
    const { place, name, id, timeMs, data } = record;
    const fact = { name, data, id, source: '', timeMs } as Fact;
    const known = KEPT.has(name) ? { fact, witness: { place, name, timeMs } } : undefined;
    const slot: Slot = known === undefined ? { id } : { id, known };
    this.partitions.get(`${place.topic}/${place.partition}`)?.slots.set(place.offset, slot);
    this.byId.set(id, slot);
  }

  /** Facts with content, in the order of their partitions; a fact that stands twice comes twice. */
  *kept(): Iterable<KnownFact> {
    for (const { slots } of this.partitions.values()) {
      const offsets = [...slots.keys()].sort((one, other) => one - other);
      for (const offset of offsets) {
        const known = slots.get(offset)?.known;
        if (known !== undefined) yield known;
      }
    }
  }

  /** What stands where a decision says that its input stood. A mirror has other offsets, but the same ids. */
  cited({ topic, partition, offset, event_id }: Evidence): Cited {
    const read = this.partitions.get(`${topic}/${partition}`);
    const slot = read?.slots.get(offset ?? -1);
    const found = slot !== undefined && slot.id === event_id ? slot : this.byId.get(event_id ?? '');
    if (found !== undefined) return found.known ? { kind: 'found', known: found.known } : { kind: 'found' };
    const isRead = read !== undefined && offset !== undefined && offset >= read.first && offset <= read.last;
    return { kind: isRead ? 'other' : 'unread' };
  }
}
