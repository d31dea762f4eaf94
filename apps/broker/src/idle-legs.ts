import { networkOf } from './network.ts';

interface FromSomewhere {
  readonly address: string;
}

/** Who came in and has not asked for anything, by address: so that one cannot take everybody's place. */
export class IdleLegs {
  private readonly networks = new Map<FromSomewhere, string>();
  private readonly counts = new Map<string, number>();

  /** @returns how many there are of its address now */
  add(leg: FromSomewhere): number {
    const network = networkOf(leg.address);
    const count = (this.counts.get(network) ?? 0) + 1;
    this.networks.set(leg, network);
    this.counts.set(network, count);
    return count;
  }

  delete(leg: FromSomewhere): void {
    const network = this.networks.get(leg);
    if (network === undefined) return;
    this.networks.delete(leg);
    const count = (this.counts.get(network) ?? 1) - 1;
    if (count > 0) this.counts.set(network, count);
    else this.counts.delete(network);
  }
}
