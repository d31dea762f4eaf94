const RADIX = 36;
const TIME_CHARACTERS = 7;
const COUNT_CHARACTERS = 4;
const COUNT_LIMIT = RADIX ** COUNT_CHARACTERS;
const STAN_LIMIT = 1_000_000;
/** A unit of the time in a reference number, in milliseconds: no two lives of a client begin within one. */
const TIME_UNIT_MS = 100;

/**
 * Retrieval reference numbers that no life of any client uses twice: when it began, who it is, a counter.
 * The trace number (STAN) of a purchase follows from its reference number, so that a later life can reverse it.
 */
export class ReferenceNumbers {
  private count = 0;
  private prefix: string;
  private readonly mark: string;
  private stan = 0;

  constructor(
    name: string,
    nowMs: number = Date.now(),
    private readonly countLimit = COUNT_LIMIT,
  ) {
    let sum = 0;
    for (const character of name) sum = (sum * 31 + character.charCodeAt(0)) % RADIX;
    this.mark = sum.toString(RADIX);
    this.prefix = this.prefixAt(nowMs);
  }

  next(nowMs: number = Date.now()): { rrn: string; stan: string } {
    this.count += 1;
    if (this.count >= this.countLimit) {
      this.count = 0;
      this.prefix = this.prefixAt(nowMs);
    }
    const rrn = (this.prefix + this.count.toString(RADIX).padStart(COUNT_CHARACTERS, '0')).toUpperCase();
    return { rrn, stan: this.stanOf(rrn) };
  }

  stanOf(rrn: string): string {
    const count = Number.parseInt(rrn.slice(-COUNT_CHARACTERS), RADIX);
    return String((Number.isNaN(count) ? 0 : count) % STAN_LIMIT).padStart(6, '0');
  }

  /** For messages that are no purchases. */
  nextStan(): string {
    this.stan = (this.stan + 1) % STAN_LIMIT;
    return String(this.stan).padStart(6, '0');
  }

  private prefixAt(nowMs: number): string {
    const units = Math.floor(nowMs / TIME_UNIT_MS) % RADIX ** TIME_CHARACTERS;
    return units.toString(RADIX).padStart(TIME_CHARACTERS, '0') + this.mark;
  }
}
