/** Something that a page reads beside the lists: read anew when its key changes, and on demand, without flickering. */
export class Resource<T> {
  value: T | undefined;
  error: Error | undefined;
  /** What `value` is of; another key empties it. */
  private key: string | undefined;
  private reading: AbortController | undefined;

  /** @param changed called when there is something new to show */
  constructor(private readonly changed: () => void) {}

  get isLoading(): boolean {
    return this.reading !== undefined && this.value === undefined && this.error === undefined;
  }

  /** Reads under a key that is new; under the present one nothing is done. */
  want(key: string, read: (signal: AbortSignal) => Promise<T>): void {
    if (key === this.key) return;
    this.value = undefined;
    this.error = undefined;
    this.key = key;
    this.again(read);
  }

  /** Reads once more; until then the value stays. */
  again(read: (signal: AbortSignal) => Promise<T>): void {
    this.reading?.abort();
    const reading = new AbortController();
    this.reading = reading;
    const end = (how: () => void) => {
      if (reading.signal.aborted) return;
      this.reading = undefined;
      how();
      this.changed();
    };
    read(reading.signal).then(
      (value) =>
        end(() => {
          this.value = value;
          this.error = undefined;
        }),
      (error: unknown) =>
        end(() => {
          this.error = error instanceof Error ? error : new Error(String(error));
        }),
    );
  }

  stop(): void {
    this.reading?.abort();
    this.reading = undefined;
    this.key = undefined;
  }
}
