import type { Clock } from '#libs/platform';
import type { ClientLink } from './client-link.ts';
import type { ControlClient } from './control-client.ts';

/** Between two questions to the /control of an application that is not connected, in milliseconds. */
const ASK_MS = 500;
/** Questions under way at once; with more links without their application each is asked more rarely. */
const MAX_ASKING = 16;

/**
 * Looks after the applications that are not connected although a path stands. One that was started again knows of
 * nothing and waits to be told; one that neither comes nor answers is away, and somebody else may have its link.
 */
export class ApplicationWatch {
  private readonly asked = new WeakMap<ClientLink, number>();
  private readonly asking = new Set<ClientLink>();

  constructor(
    private readonly control: ControlClient,
    private readonly clock: Clock,
    /** An application that somebody may stand in for may be away for, in milliseconds. */
    private readonly awayMs: number,
  ) {}

  /** True: the application of this link is away, and its placement names who takes over then. */
  look(link: ClientLink): boolean {
    if (link.current === undefined || link.isDraining) return false;
    if (link.port.isConnected) {
      link.presence.connected();
      this.asked.set(link, this.clock.monotonicMs());
      return false;
    }
    if (this.clock.monotonicMs() - (this.asked.get(link) ?? 0) >= ASK_MS)
      void this.ask(link, link.current.epoch);
    return link.current.hasStandIn && link.presence.isAwayFor(this.awayMs);
  }

  private async ask(link: ClientLink, epoch: number): Promise<void> {
    if (!this.control.isOffered || this.asking.has(link) || this.asking.size >= MAX_ASKING) return;
    this.asking.add(link);
    this.asked.set(link, this.clock.monotonicMs());
    const answer = await this.control.ask(link.connectionId, epoch);
    this.asking.delete(link);
    if (answer === 'unreachable') return;
    link.presence.heard();
    const isStillSo = link.current?.epoch === epoch && !link.isDraining && !link.port.isConnected;
    if (answer === 'unaware' && isStillSo) void this.control.want('activate', link.connectionId, epoch);
  }
}
