import type { ConnectionView, EventView, FailoverView } from '#libs/registry';
import type { Scenario } from '../../../libs/domain/testing/scenario.ts';
import type { SessionScenario } from '../../../libs/domain/testing/session.ts';

export const PARTITIONS = 12;
export const HOME = 'east';

/** A decision of the stage, and which control region took it. */
export interface Told extends EventView {
  readonly region: string;
}

const offsets = new Array<number>(PARTITIONS).fill(100);

/** Of any record that the stage writes. */
export function nextOffset(partition: number): number {
  const offset = offsets[partition] ?? 0;
  offsets[partition] = offset + 1;
  return offset;
}

/** A connection of the stage: its history is decided when somebody asks for more than its row. */
export class Aggregate<S extends Scenario | SessionScenario = Scenario | SessionScenario> {
  readonly partition: number;
  private made: S | undefined;
  private readonly told: Told[] = [];

  constructor(
    readonly id: string,
    private readonly make: () => S,
    /** The row that the history leaves, where that is known beforehand. */
    private known?: ConnectionView,
  ) {
    this.partition = partitionOf(id);
  }

  get scenario(): S {
    if (this.made === undefined) {
      this.made = this.make();
      this.gather();
    }
    return this.made;
  }

  /** All decisions on it, the oldest first. */
  get events(): readonly Told[] {
    return this.scenario && this.told;
  }

  get row(): ConnectionView {
    this.known ??= rowOf(this.events.at(-1) as Told);
    return this.known;
  }

  /** As of then; undefined before its first decision. */
  rowAt(atMs: number): ConnectionView | undefined {
    if (Date.parse(this.row.updated_at) <= atMs) return this.row;
    const then = this.events.findLast(({ time }) => Date.parse(time) <= atMs);
    return then && rowOf(then);
  }

  /** Takes up what the scenario decided meanwhile. @returns that. */
  gather(): Told[] {
    const { id, partition, told } = this;
    const fresh = this.scenario.decisions.slice(told.length).map(({ name, data }) => ({
      event_id: `${id}/${data.version}`,
      type: name,
      time: data.decided_at,
      partition,
      offset: nextOffset(partition),
      region: HOME,
      data: data as unknown as EventView['data'],
    }));
    told.push(...fresh);
    if (fresh.length > 0) this.known = undefined;
    return fresh;
  }

  /** The ledgers of its moves. */
  failovers(): FailoverView[] {
    // What was never decided on has moved nowhere.
    if (this.made === undefined && this.known !== undefined) return [];
    const ledgers = new Map<string, FailoverView>();
    for (const { data } of this.events) {
      const { failover, suppressed } = data as Partial<FailoverView> & { failover?: FailoverView };
      if (failover === undefined) continue;
      const view = { ...failover, connection_id: this.id, ...(suppressed && { suppressed }) };
      ledgers.set(failover.failover_id, view);
    }
    return [...ledgers.values()];
  }
}

function rowOf({ data, time }: Told): ConnectionView {
  const { connection_id, kind, status, phase, epoch, version, home_region } = data as never as ConnectionView;
  const { client_id, server_id, broker_id, failover_target } = data as never as ConnectionView;
  return {
    ...{ connection_id, kind, status, phase, epoch, version, home_region },
    ...(client_id !== undefined && { client_id }),
    ...(server_id !== undefined && { server_id }),
    ...(broker_id !== undefined && { broker_id }),
    ...(failover_target !== undefined && { failover_target }),
    updated_at: time,
  };
}

function partitionOf(id: string): number {
  let hash = 7;
  for (const letter of id) hash = (hash * 31 + letter.charCodeAt(0)) | 0;
  return Math.abs(hash) % PARTITIONS;
}
