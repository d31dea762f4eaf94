import { CommandRefusal } from './agent.ts';

/** The epochs of each connection that this process has seen: fencing. */
export class EpochFence {
  private readonly epochs = new Map<string, { highest: number; ended: number }>();

  /** @param maxConnections connections remembered; past it the one that was heard of longest ago is forgotten. */
  constructor(private readonly maxConnections: number) {}

  /** @throws CommandRefusal for an epoch below the highest seen. */
  admit(connectionId: string, epoch: number): void {
    const known = this.epochs.get(connectionId);
    if (known !== undefined && epoch < known.highest) throw new CommandRefusal('stale-epoch');
    this.keep(connectionId, { highest: epoch, ended: known?.ended ?? 0 });
  }

  /** From here on this epoch, and any before it, is never carried by this process again. */
  end(connectionId: string, epoch: number): void {
    const known = this.epochs.get(connectionId) ?? { highest: epoch, ended: 0 };
    known.highest = Math.max(known.highest, epoch);
    known.ended = Math.max(known.ended, epoch);
    this.keep(connectionId, known);
  }

  /** Highest epoch seen; 1 for a connection that was never seen. */
  highest(connectionId: string): number {
    return this.epochs.get(connectionId)?.highest ?? 1;
  }

  mayCarry(connectionId: string, epoch: number): boolean {
    const known = this.epochs.get(connectionId);
    return known === undefined || (epoch >= known.highest && epoch > known.ended);
  }

  private keep(connectionId: string, known: { highest: number; ended: number }): void {
    this.epochs.delete(connectionId);
    this.epochs.set(connectionId, known);
    if (this.epochs.size <= this.maxConnections) return;
    const [oldest] = this.epochs.keys();
    if (oldest !== undefined) this.epochs.delete(oldest);
  }
}
