/** Redis did not answer, or answered that it can't serve now; the caller may try again. */
export class RegistryUnavailable extends Error {
  override readonly name = 'RegistryUnavailable';
  /** @param refused Redis is there and does not take this user or password: somebody has to mend that. */
  constructor(
    message: string,
    readonly refused = false,
  ) {
    super(message);
  }
}

/** The registry does not hold the whole log now; `done` of `total` records of the log are applied again. */
export class RegistryRebuilding extends Error {
  override readonly name = 'RegistryRebuilding';
  constructor(readonly progress: RebuildProgress) {
    super(`the registry is being rebuilt: ${progress.done} of ${progress.total} records`);
  }
}

export interface RebuildProgress {
  /** Topic partitions that are not whole, of how many there are. */
  readonly partitions: number;
  readonly of: number;
  /** Records applied so far and to apply, of the partitions whose rebuild has begun. */
  readonly done: number;
  readonly total: number;
}

/** What was asked for is older than what is kept. */
export class BeforeRetention extends Error {
  override readonly name = 'BeforeRetention';
  /** @param earliestMs the first moment that is still known, in milliseconds. */
  constructor(readonly earliestMs: number) {
    super(`nothing is kept from before ${new Date(earliestMs).toISOString()}`);
  }
}

/** The cursor was not issued by this list with these filters. */
export class InvalidCursor extends Error {
  override readonly name = 'InvalidCursor';
}
