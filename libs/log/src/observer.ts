import type { DeadLetterReason, IgnoreReason } from '#libs/contracts';
import type { Decision } from './loop/definition.ts';

/** What the log tells whoever counts. Every member is optional; none may throw or wait. */
export interface LogObserver {
  published?(topic: string, records: number): void;
  /** Our append was acknowledged at the expected offset. */
  appended?(topic: string, partition: number, records: number, tookMs: number): void;
  /** A claim of ours is valid: we own the partition. */
  claimed?(topic: string, partition: number, writerEpoch: number): void;
  /** Why a partition is being claimed again. */
  reclaiming?(topic: string, partition: number, cause: ReclaimCause, detail?: string): void;
  /** An input changed nothing for one aggregate. */
  ignored?(reason: IgnoreReason): void;
  deadLettered?(topic: string, reason: DeadLetterReason): void;
  /** An unreadable or unfit record of another region's topic: counted, skipped. */
  skipped?(topic: string, reason: DeadLetterReason): void;
  forwarded?(topic: string): void;
  /** A record that a reader passed over because its writer was not the owner, or its version was seen. */
  voided?(topic: string, partition: number, why: 'claim' | 'writer' | 'version'): void;
  commandsSent?(topic: string, records: number): void;
  /** A command could not be sent in time; its deadline is the decider's to handle. */
  commandsUnsent?(topic: string, records: number): void;
  /** Of one of maybe several consumers; without a number it has the partition no more. */
  lag?(consumer: string, topic: string, partition: number, records: number | undefined): void;
  snapshotted?(topic: string, partition: number, snapshots: number): void;
  /** All decisions below `offset` are in acknowledged snapshots. */
  checkpointed?(topic: string, partition: number, offset: number): void;
  restored?(partition: number, states: number, tailRecords: number, tookMs: number): void;
  /** A consumer stood still, crashed or lost its group, and is built anew. */
  rebuilt?(consumer: string, cause: string): void;
  /** A decision of ours was acknowledged; called for each, in order, before `appended` of its append. */
  decided?(topic: string, decision: Decision, headers: Readonly<Record<string, string>>): void;
  /** Something failed and is tried again. @param detail which one: a key, a partition, a group; for people. */
  failed?(where: FailureWhere, error: unknown, detail?: string): void;
}

/** What failed; one word is the metric's label and the log's field. */
export type FailureWhere =
  | 'fast-produce'
  | 'no-leader'
  | 'consumer'
  | 'consumer-start'
  | 'handler'
  | 'restart'
  | 'read-input'
  | 'decide'
  | 'ends'
  | 'send-commands'
  | 'claim'
  | 'owner-stopped'
  | 'health-monitor'
  | 'live';

export type ReclaimCause =
  | 'assigned'
  | 'append-rejected'
  | 'append-misplaced'
  | 'answer-late'
  | 'foreign-record'
  | 'claim-void'
  | 'higher-claim-in-state';
