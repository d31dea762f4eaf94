/** Kafka did not take or give something in time; the caller may try again. */
export class LogUnavailable extends Error {
  override readonly name: string = 'LogUnavailable';
}

/** Kafka answered that it will not take a record as it is, today or later: too large, most of all. */
export class RecordsRefused extends LogUnavailable {
  override readonly name = 'RecordsRefused';
}

/** A topic stands with other settings than it must have; the program does not run on it. */
export class WrongTopic extends Error {
  override readonly name = 'WrongTopic';
  constructor(
    readonly topic: string,
    readonly setting: string,
    readonly found: string,
    readonly wanted: string,
  ) {
    super(`topic ${topic}: ${setting} is ${found}, and must be ${wanted}`);
  }
}

/** A record of the log that counts can't be read, or the log ends before a position: truth is not skipped. */
export class TruthUnreadable extends Error {
  override readonly name = 'TruthUnreadable';
  constructor(
    readonly topic: string,
    readonly partition: number,
    readonly offset: number,
    readonly code: 'unreadable-record' | 'position-beyond-end' | 'fold-failed',
    detail: string,
  ) {
    super(`${topic}/${partition} at offset ${offset}: ${code}: ${detail}`);
  }
}
