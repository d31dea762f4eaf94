import type { AgentContext, Commanded } from '#libs/agent';
import type { RelayCloseReason, RelayCloser } from '#libs/contracts';
import type { SessionProbe } from '#libs/relay';
import type { Attachment } from './attachment.ts';
import type { Relay, RelayEnd } from './relay.ts';
import type { NamedSession } from './session-codes.ts';

/** What a broker says of sessions. The code is in none of it. */
export class SessionFacts {
  constructor(private readonly agent: AgentContext) {}

  requested(attachment: Attachment, controllerId: string, expiresAt: string): void {
    const { session } = attachment;
    this.agent.facts.publish('connection-request', session.connectionId, {
      ...this.ofLeg(attachment),
      kind: 'session',
      controller_id: controllerId,
      expires_at: expiresAt,
    });
  }

  /** Said again, with the same `attachment_id`, when a target consented. */
  attached(attachment: Attachment, peer: { readonly id: string; readonly guest: boolean }): void {
    const { session, role, knownEpoch, resumed, again, consented, surviveMs } = attachment;
    const leg = {
      ...this.ofLeg(attachment),
      identity: peer.id,
      ...(knownEpoch === 0 ? {} : { epoch: knownEpoch }),
    };
    const { facts } = this.agent;
    if (role === 'controller') facts.publish('controller-attached', session.connectionId, leg);
    else {
      facts.publish('target-attached', session.connectionId, {
        ...leg,
        guest: peer.guest,
        consented,
        resumed,
        ...(again ? { again } : {}),
        ...(surviveMs === undefined ? {} : { survive_ms: surviveMs }),
      });
    }
  }

  /** @param trace of the command that it answers */
  opened(session: NamedSession, epoch: number, trace: Commanded['trace']): void {
    const data = { ...this.ofSession(session), epoch };
    this.agent.facts.publish('relay-opened', session.connectionId, data, trace);
  }

  closed(session: NamedSession, relay: Relay, { reason, closedBy }: RelayEnd): void {
    this.agent.facts.publish('relay-closed', session.connectionId, {
      ...this.ofSession(session),
      epoch: relay.epoch,
      reason,
      closed_by: closedBy,
      bytes_up: relay.bytesUp,
      bytes_down: relay.bytesDown,
      duration_ms: relay.durationMs,
    });
  }

  /** A leg that waited for a relay is gone. */
  legClosed(attachment: Attachment, reason: RelayCloseReason, closedBy: RelayCloser): void {
    const { session, id, epoch, knownEpoch } = attachment;
    this.agent.facts.publish('relay-closed', session.connectionId, {
      ...this.ofSession(session),
      epoch: Math.max(1, epoch ?? knownEpoch),
      reason,
      closed_by: closedBy,
      attachment_id: id,
    });
  }

  private ofLeg(attachment: Attachment): ReturnType<SessionFacts['ofSession']> & {
    attachment_id: string;
    probes?: SessionProbe[];
  } {
    const { id, session, probes } = attachment;
    const leg = { ...this.ofSession(session), attachment_id: id };
    return probes === undefined ? leg : { ...leg, probes: [...probes] };
  }

  private ofSession({ connectionId, homeRegion }: NamedSession) {
    const { identity, vigil } = this.agent;
    return {
      connection_id: connectionId,
      home_region: homeRegion,
      agent_id: identity.agentId,
      incarnation: vigil.incarnation,
      broker_id: identity.agentId,
    };
  }
}
