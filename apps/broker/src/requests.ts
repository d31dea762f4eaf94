import type { AgentContext } from '#libs/agent';
import type { SessionPayloads } from '#libs/relay';
import { type Attachment, attach } from './attachment.ts';
import type { GuessLimits } from './guess-limits.ts';
import type { Leg } from './leg.ts';
import type { BrokerMetrics } from './metrics.ts';
import type { SessionCodes } from './session-codes.ts';
import type { Sessions } from './sessions.ts';

/** What endpoints ask for, on its way to the control plane: what can be refused here is, the rest becomes a fact. */
export class Requests {
  private isOver = false;

  constructor(
    private readonly agent: AgentContext<BrokerMetrics>,
    private readonly sessions: Sessions,
    private readonly codes: SessionCodes,
    private readonly guesses: GuessLimits,
    private readonly options: { readonly codeLifeMs: number; readonly capacity: number },
  ) {}

  get isDraining(): boolean {
    return this.isOver;
  }

  get isFull(): boolean {
    return this.sessions.placed >= this.options.capacity;
  }

  /** From here on everything is refused. */
  drain(): void {
    this.isOver = true;
  }

  /** Whether nothing can be asked here just now; then it was refused. */
  private isRefused(leg: Leg): boolean {
    const reason = this.isDraining ? 'draining' : this.agent.facts.isFailing ? 'unavailable' : undefined;
    if (reason !== undefined) this.sessions.refuse(leg, reason);
    return reason !== undefined;
  }

  /** Whether it may not ask now, which it was told then, or is gone meanwhile. */
  private async hasToWait(leg: Leg, waiting: Promise<number>): Promise<boolean> {
    const waitMs = await waiting;
    if (leg.isOver) return true;
    if (waitMs > 0) this.sessions.refuse(leg, 'rate-limited', { retry_after_ms: Math.ceil(waitMs) });
    return waitMs > 0;
  }

  /** A controller wants a code. */
  async requested(leg: Leg, { probes }: SessionPayloads['new']): Promise<void> {
    if (leg.peer.guest) {
      this.sessions.refuse(leg, 'not-allowed');
      return;
    }
    if (this.isRefused(leg)) return;
    leg.enter('asking');
    if (await this.hasToWait(leg, this.guesses.request(leg.peer))) return;
    const { code, ...session } = this.codes.make();
    const attachment = attach({
      session,
      role: 'controller',
      resumed: false,
      knownEpoch: 0,
      code,
      ...given({ probes }),
    });
    this.sessions.join(leg, attachment);
    const expiresAt = new Date(this.agent.clock.wallMs() + this.options.codeLifeMs).toISOString();
    this.sessions.facts.requested(attachment, leg.peer.id, expiresAt);
  }

  /** A target comes with a code. */
  async attached(leg: Leg, payload: SessionPayloads['attach']): Promise<void> {
    if (this.isRefused(leg)) return;
    if (this.isFull) {
      this.sessions.refuse(leg, 'full');
      return;
    }
    leg.enter('asking');
    if (await this.hasToWait(leg, this.guesses.attempt(leg))) return;
    const session = this.codes.read(payload.code);
    if (session === undefined) {
      this.sessions.refuse(leg, 'unknown-code');
      return;
    }
    const { probes, consented = true, again = false, survive_ms: surviveMs } = payload;
    const attachment = attach({
      ...{ session, role: 'target', resumed: false, again, knownEpoch: 0, consented },
      ...given({ probes, surviveMs }),
    });
    this.sessions.join(leg, attachment);
    this.sessions.facts.attached(attachment, leg.peer);
  }

  /** Either comes with the session's id. */
  async resumed(leg: Leg, payload: SessionPayloads['resume']): Promise<void> {
    const {
      connection_id: connectionId,
      home_region: homeRegion,
      role,
      probes,
      survive_ms: surviveMs,
    } = payload;
    if (role === 'controller' && leg.peer.guest) {
      this.sessions.refuse(leg, 'not-allowed');
      return;
    }
    if (this.isRefused(leg)) return;
    // No control region would ever answer; another broker may know of one that is new.
    if (!this.codes.isHome(homeRegion)) {
      this.sessions.refuse(leg, 'unavailable');
      return;
    }
    leg.enter('asking');
    if (await this.hasToWait(leg, this.guesses.comesBack(leg))) return;
    const attachment = attach({
      ...{ session: { connectionId, homeRegion }, role, resumed: true, knownEpoch: payload.epoch },
      ...given({ probes, surviveMs }),
    });
    this.sessions.join(leg, attachment);
    this.sessions.facts.attached(attachment, leg.peer);
  }
}

/** Members that were given; absent ones stay absent. */
function given(members: {
  probes?: SessionPayloads['attach']['probes'] | undefined;
  surviveMs?: number | undefined;
}): Pick<Attachment, 'probes' | 'surviveMs'> {
  const { probes, surviveMs } = members;
  return { ...(probes && { probes }), ...(surviveMs !== undefined && { surviveMs }) };
}
