import type { FactSink, OutgoingRecord } from '#libs/agent';
import { type Clock, systemClock } from '#libs/platform';
import { waitFor } from './wait-for.ts';

/** Stands in for Kafka: keeps what was published, and can be away. */
export class FakeLog implements FactSink {
  readonly records: OutgoingRecord[] = [];
  isAway = false;

  /** @param behind the real one, where a test has one. */
  constructor(private readonly behind?: FactSink) {}

  async publish(records: OutgoingRecord[]): Promise<void> {
    if (this.isAway) throw new Error('away');
    await this.behind?.publish(records);
    this.records.push(...records);
  }

  facts(type: string): Record<string, unknown>[] {
    return this.records.filter((record) => record.type === type).map((record) => ({ ...record.data }));
  }

  fact(type: string, withinMs = 10_000): Promise<Record<string, unknown>> {
    return waitFor(() => this.facts(type).at(-1), { withinMs, what: type });
  }
}

/** A clock that runs with the system's and can be put forward. */
export class ShiftedClock implements Clock {
  aheadMs = 0;
  /** The clock of leases alone, as after a sleep. */
  bootAheadMs = 0;
  wallMs = (): number => systemClock.wallMs();
  monotonicMs = (): number => systemClock.monotonicMs() + this.aheadMs;
  bootMs = (): number => systemClock.bootMs() + this.bootAheadMs;
}
