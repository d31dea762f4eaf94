import type { LogObserver } from '../observer.ts';
import type { Consumer, Log } from '../port.ts';
import type { CommandSender } from './commands.ts';
import type { LoopDefinition } from './definition.ts';
import type { Ends } from './ends.ts';
import type { LoopClock } from './handle.ts';
import type { PartitionReader } from './reader.ts';
import type { Turns } from './turns.ts';

/** What the owners of one loop share. */
export interface LoopContext<S, I, M> {
  readonly log: Log;
  readonly definition: LoopDefinition<S, I, M>;
  readonly observer: LogObserver;
  readonly clock: LoopClock;
  readonly reader: PartitionReader;
  readonly ends: Ends;
  readonly commands: CommandSender;
  readonly turns: Turns;
  readonly partitions: number;
  readonly appendRecords: number;
  /** The group consumer of the inputs; there from the first assignment on. */
  readonly inputs: Promise<Consumer>;
  /** A due time may have come nearer. */
  poke(): void;
}
