/** What an audit reads and what it says. All of it is plain data, wherever it came from. */

/** A record of the log. */
export interface LogPlace {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** A line, from 1, of a file that an application wrote. */
export interface FilePlace {
  readonly file: string;
  readonly line: number;
}

export type Place = LogPlace | FilePlace;

/** A record of the log that was read and validated, as its CloudEvent says. */
export interface AuditRecord {
  readonly place: LogPlace;
  readonly key: string;
  /** Short name, e.g. `connection-lost`. */
  readonly name: string;
  readonly id: string;
  readonly timeMs: number;
  readonly data: object;
  /** Of `controller-events` only: a record that does not count, and why. Claims are not given. */
  readonly void?: 'writer' | 'version';
}

/** What an application wrote down of one message; DESIGN's simulators do. */
export interface FateRecord {
  readonly place: FilePlace;
  readonly timeMs: number;
  readonly rrn: string;
  readonly mti: string;
  readonly fate: string;
  /** The server that answered, or that writes. */
  readonly server?: string;
}

/** One record that a violation rests on. */
export interface Witness {
  readonly place: Place;
  /** The message's short name, or `<mti> <fate>` of an application's line. */
  readonly name: string;
  readonly timeMs: number;
}

/** Every invariant, by its stable code, with what holds when it is kept. */
export const INVARIANTS = {
  'two-active':
    'no two placements of one link carried messages at once, and none was opened before the last was over',
  'epoch-went-back': 'the epochs of a connection only rise, and each belongs to one placement',
  'carried-after-end': 'whoever said that it stopped carrying an epoch never carried it again',
  'unknown-placement': 'nobody carried an epoch that no decision gave it',
  'command-unended': 'every command was answered, superseded or given up',
  'command-ran-twice': 'one life of an agent ran each command once, and gave a repeated one its first answer',
  'writer-void': 'no command left for a decision that does not count',
  'version-gap': 'the decisions on one key are numbered from 1 without a gap',
  'state-differs': 'each decision follows from the state that the decisions before it left',
  'evidence-differs': 'each decision cites facts that stand where it says',
  'request-on-two-servers': 'no 0200 reached two servers, or one server twice',
  'request-without-fate': 'every request was approved, declined, or timed out and reversed',
  'tallies-differ': 'what the client was told and what the servers did agree, request by request',
} as const;
export type Invariant = keyof typeof INVARIANTS;

export interface Violation {
  readonly code: Invariant;
  /** The connection, agent or region; of a request of the applications: its retrieval reference number. */
  readonly subject: string;
  /** One sentence, for people. */
  readonly detail: string;
  /** The two records that contradict each other; one where the other is what is missing. */
  readonly records: readonly Witness[];
}

export interface AuditCounts {
  readonly decisions: number;
  readonly voided: number;
  readonly facts: number;
  readonly commands: number;
  readonly reports: number;
  readonly requests: number;
  /** Decisions whose evidence lies outside what was read, so that it could not be looked at. */
  readonly unjudged: number;
}

export interface AuditReport {
  readonly violations: readonly Violation[];
  /** All that were found; `violations` holds the first AUDIT_LIMITS.violations. */
  readonly found: number;
  readonly counts: AuditCounts;
}

export interface AuditOptions {
  /** Two clocks differ by at most so much, in milliseconds; default TIMING.clockSkewMs. Times of one agent are compared exactly. */
  readonly clockSkewMs?: number;
  /** A command, and a request, that is younger than this at the end may be under way still, in milliseconds. */
  readonly underWayMs?: number;
}

export const AUDIT_LIMITS = {
  /** Violations that are told in full; more are counted. */
  violations: 1_000,
  /** Default of `underWayMs`: more than a command's give-up time and an application's timeout, twice over. */
  underWayMs: 10_000,
} as const;
