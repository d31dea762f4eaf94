import type { TraceContext } from '#libs/log';

/** What an agent needs of a log: libs/log's KafkaLog has it, and so has its in-memory twin. */
export interface OutgoingRecord {
  topic: string;
  key: string;
  id: string;
  /** Short name, e.g. `connection-lost`. */
  type: string;
  source: string;
  time?: string;
  data: object;
  headers?: Readonly<Record<string, string>>;
}

export interface FactSink {
  /** Resolves once every record is acknowledged; rejects when one is not, in which case any may be in the log. */
  publish(records: OutgoingRecord[]): Promise<unknown>;
}

/** A command as it came, not yet looked into. */
export interface IncomingCommand {
  readonly name: string;
  readonly data: unknown;
  /** RFC 3339; when its record was written. */
  readonly time: string;
  /** The trace that it is part of; its answer is too, and what it establishes. */
  readonly trace?: TraceContext | undefined;
}
