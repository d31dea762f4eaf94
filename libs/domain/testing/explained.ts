import type { explain } from '../src/index.ts';

interface Decided {
  readonly id: string;
  readonly decisions: readonly { readonly name: string; readonly data: explain.ExplainedEvent['data'] }[];
}

/** A scenario's decisions as they would stand in the log, each at the offset of its place. */
export function eventsOf({ id, decisions }: Decided): explain.ExplainedEvent[] {
  return decisions.map(({ name, data }, offset) => ({
    event_id: `${id}/${data.version}`,
    type: name,
    time: data.decided_at,
    partition: 3,
    offset,
    data,
  }));
}
