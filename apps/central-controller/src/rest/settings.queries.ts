import { Inject } from '@nestjs/common';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import type { Clock } from '#libs/platform';
import type { PolicyView, RegistryReader } from '#libs/registry';
import type { ControllerConfig } from '../config.ts';
import { CLOCK, CONFIG } from '../core/tokens.ts';
import { found } from './queries.ts';
import type { Freeze, RegionFreeze } from './settings.dto.ts';
import { REGISTRY } from './tokens.ts';

export class ListPolicies extends Query<PolicyView[]> {}
@QueryHandler(ListPolicies)
export class ListPoliciesHandler implements IQueryHandler<ListPolicies> {
  constructor(@Inject(REGISTRY) private readonly registry: RegistryReader) {}

  execute() {
    return this.registry.policies();
  }
}

export class GetPolicy extends Query<PolicyView> {
  constructor(readonly name: string) {
    super();
  }
}
@QueryHandler(GetPolicy)
export class GetPolicyHandler implements IQueryHandler<GetPolicy> {
  constructor(@Inject(REGISTRY) private readonly registry: RegistryReader) {}

  async execute({ name }: GetPolicy) {
    return found(await this.registry.policy(name), 'policy-not-found');
  }
}

export class GetFreeze extends Query<Freeze> {}
@QueryHandler(GetFreeze)
export class GetFreezeHandler implements IQueryHandler<GetFreeze> {
  constructor(
    @Inject(REGISTRY) private readonly registry: RegistryReader,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: ControllerConfig,
  ) {}

  async execute(): Promise<Freeze> {
    const { region, regions } = this.config;
    const all = await Promise.all(regions.map((each) => this.ofRegion(each)));
    const own = all[regions.indexOf(region)] ?? (await this.ofRegion(region));
    return { ...own, regions: all };
  }

  /** Whether it holds is a matter of the time: no decision says that a freeze is over. */
  private async ofRegion(region: string): Promise<RegionFreeze> {
    const freeze = await this.registry.freeze(region);
    if (freeze === undefined) return { control_region: region, frozen: false };
    return { ...freeze, frozen: this.clock.wallMs() < Date.parse(freeze.until) };
  }
}

export const SETTINGS_QUERIES = [ListPoliciesHandler, GetPolicyHandler, GetFreezeHandler];
