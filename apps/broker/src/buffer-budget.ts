/** Bytes that wait for readers, of all legs together, and how many may. */
export class BufferBudget {
  private used = 0;

  constructor(
    readonly legBytes: number,
    private readonly brokerBytes: number,
  ) {}

  get usedBytes(): number {
    return this.used;
  }

  get isOver(): boolean {
    return this.used > this.brokerBytes;
  }

  change(bytes: number): void {
    this.used += bytes;
  }
}
