import { Inject, Injectable } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { LIMITS } from '#libs/contracts';
import type { Clock } from '#libs/platform';
import type { RegistryReader } from '#libs/registry';
import { CLOCK } from '../core/tokens.ts';
import { Problem } from '../http/problem.ts';
import type { Asker } from './asker.ts';
import { FactWriter } from './fact-writer.ts';
import { found } from './queries.ts';
import type { ApproveBody, FreezeBody, PolicyAccepted, PolicyBody } from './settings.dto.ts';
import { REGISTRY } from './tokens.ts';

/** An approval holds for so long unless it says otherwise, in milliseconds. */
const APPROVAL_MS = 300_000;

/**
 * Versions that this process gave lately: of two settings one after the other the second counts, also before the
 * registry shows the first. Between processes the registry decides, and of equal versions the higher `ce_id`.
 */
@Injectable()
export class GivenVersions {
  private readonly policies = new Map<string, number>();
  private latestMs = 0;

  constructor(@Inject(CLOCK) private readonly clock: Clock) {}

  policy(name: string): number {
    return this.policies.get(name) ?? 0;
  }

  /** Once Kafka has it. */
  given(name: string, version: number): void {
    this.policies.delete(name);
    this.policies.set(name, version);
    for (const oldest of this.policies.keys()) {
      if (this.policies.size <= LIMITS.policies) return;
      this.policies.delete(oldest);
    }
  }

  /** Of freezes and approvals: the time, but never the same twice and never back. */
  nextMs(): number {
    this.latestMs = Math.max(this.latestMs + 1, this.clock.wallMs());
    return this.latestMs;
  }
}

export class SetPolicy extends Command<PolicyAccepted> {
  constructor(
    readonly name: string,
    readonly body: PolicyBody,
    readonly asker: Asker,
  ) {
    super();
  }
}
@CommandHandler(SetPolicy)
export class SetPolicyHandler implements ICommandHandler<SetPolicy> {
  constructor(
    @Inject(REGISTRY) private readonly registry: RegistryReader,
    private readonly facts: FactWriter,
    private readonly versions: GivenVersions,
  ) {}

  /** The registry must know the version before: a policy that is set blindly might not count. */
  async execute({ name, body: { version, ...said }, asker }: SetPolicy) {
    const policies = await this.registry.policies();
    const shown = policies.find((each) => each.name === name)?.version ?? 0;
    const known = Math.max(shown, this.versions.policy(name));
    if (version !== undefined && version !== known) {
      throw new Problem('version-conflict', { detail: `it is ${known}`, more: { version: known } });
    }
    if (known === 0 && policies.length >= LIMITS.policies) {
      throw new Problem('too-many-policies', { detail: `there are ${LIMITS.policies}` });
    }
    const next = known + 1;
    const data = { policy: name, setting_version: next, requested_by: asker.subject, ...said };
    const event_id = await this.facts.onRegion('policy-change-requested', data, asker.trace);
    this.versions.given(name, next);
    return { event_id, version: next };
  }
}

export class SetFreeze extends Command<{ event_id: string }> {
  constructor(
    readonly body: FreezeBody,
    readonly asker: Asker,
  ) {
    super();
  }
}
@CommandHandler(SetFreeze)
export class SetFreezeHandler implements ICommandHandler<SetFreeze> {
  constructor(
    private readonly facts: FactWriter,
    private readonly versions: GivenVersions,
  ) {}

  /** Needs no registry: an operator must be able to stop planned moves while Redis is away. */
  async execute({ body: { until, reason }, asker }: SetFreeze) {
    const data = {
      until: new Date(until).toISOString(),
      setting_version: this.versions.nextMs(),
      requested_by: asker.subject,
      reason,
    };
    const event_id = await this.facts.onRegion('freeze-requested', data, asker.trace);
    return { event_id };
  }
}

export class ApproveFailover extends Command<{ event_id: string }> {
  constructor(
    readonly failoverId: string,
    readonly body: ApproveBody,
    readonly asker: Asker,
  ) {
    super();
  }
}
@CommandHandler(ApproveFailover)
export class ApproveFailoverHandler implements ICommandHandler<ApproveFailover> {
  constructor(
    @Inject(REGISTRY) private readonly registry: RegistryReader,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly facts: FactWriter,
    private readonly versions: GivenVersions,
  ) {}

  /** What is approved is the cause that the failover is held for, in the control region that holds it. */
  async execute({ failoverId, body: { reason, until }, asker }: ApproveFailover) {
    const { connection_id, suppressed } = found(
      await this.registry.failover(failoverId),
      'failover-not-found',
    );
    const cause = suppressed?.reason === 'blast-radius' ? suppressed.cause : undefined;
    if (cause === undefined) {
      const detail = suppressed ? `it is held for ${suppressed.reason}` : 'nothing holds it back';
      throw new Problem('failover-not-held', { detail });
    }
    const { home_region } = found(await this.registry.connection(connection_id), 'failover-not-found');
    if (home_region !== this.facts.region) {
      throw new Problem('other-control-region', {
        detail: `${connection_id} has its home in ${home_region}: ask a controller of that region`,
        more: { control_region: home_region },
      });
    }
    const data = {
      failover_id: failoverId,
      cause,
      until: new Date(until ?? this.clock.wallMs() + APPROVAL_MS).toISOString(),
      setting_version: this.versions.nextMs(),
      requested_by: asker.subject,
      reason,
    };
    const event_id = await this.facts.onRegion('failover-approved', data, asker.trace);
    return { event_id };
  }
}

export const SETTINGS_COMMANDS = [SetPolicyHandler, SetFreezeHandler, ApproveFailoverHandler, GivenVersions];
