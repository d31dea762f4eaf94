/** What a delay line hands over, in the order in which it came. */
export type Parcel = { readonly kind: 'bytes'; readonly bytes: Buffer } | { readonly kind: 'end' };

export interface DelayLineOptions {
  readonly delayMs: number;
  /** Bytes under way, above which the source has to wait. */
  readonly limitBytes: number;
  /** @returns false: no more until `resume` is called */
  readonly deliver: (parcel: Parcel) => boolean;
  /** Called when a source that had to wait may go on. */
  readonly drained: () => void;
}

/**
 * One direction of a long way: what is put in comes out so much later, in order, never early. A reader that does
 * not take it lets the line fill up, and a full line stops its source: it holds at most `limitBytes` and one parcel.
 */
export class DelayLine {
  private readonly parcels: { readonly parcel: Parcel; readonly dueAtMs: number }[] = [];
  private timer: NodeJS.Timeout | undefined;
  private held = 0;
  private isBlocked = false;
  private sourceWaits = false;

  constructor(private readonly options: DelayLineOptions) {}

  /** Bytes under way. */
  get bytes(): number {
    return this.held;
  }

  /** @returns false: the line is full; put nothing more in before `drained` */
  put(parcel: Parcel): boolean {
    this.parcels.push({ parcel, dueAtMs: performance.now() + this.options.delayMs });
    if (parcel.kind === 'bytes') this.held += parcel.bytes.length;
    this.schedule();
    this.sourceWaits = this.held >= this.options.limitBytes;
    return !this.sourceWaits;
  }

  /** The reader takes more. */
  resume(): void {
    if (!this.isBlocked) return;
    this.isBlocked = false;
    this.schedule();
  }

  /** Forgets what is under way. */
  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.parcels.length = 0;
    this.held = 0;
    this.isBlocked = true;
  }

  private schedule(): void {
    const next = this.parcels[0];
    if (this.isBlocked || this.timer !== undefined || next === undefined) return;
    const waitMs = Math.max(0, next.dueAtMs - performance.now());
    this.timer = setTimeout(() => this.flush(), waitMs);
  }

  private flush(): void {
    this.timer = undefined;
    while (!this.isBlocked) {
      const next = this.parcels[0];
      // A timer may fire up to a millisecond early.
      if (next === undefined || next.dueAtMs > performance.now()) break;
      this.parcels.shift();
      if (next.parcel.kind === 'bytes') this.held -= next.parcel.bytes.length;
      this.isBlocked = !this.options.deliver(next.parcel);
    }
    if (this.sourceWaits && this.held < this.options.limitBytes) {
      this.sourceWaits = false;
      this.options.drained();
    }
    this.schedule();
  }
}
