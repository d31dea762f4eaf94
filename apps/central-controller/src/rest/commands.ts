import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { type RegistryReader, RegistryRebuilding, RegistryUnavailable } from '#libs/registry';
import { Problem } from '../http/problem.ts';
import type { Asker } from './asker.ts';
import type { FailoverBody } from './dto.ts';
import { FactWriter } from './fact-writer.ts';
import { REGISTRY } from './tokens.ts';

export class RequestFailover extends Command<{ event_id: string }> {
  constructor(
    readonly connectionId: string,
    readonly body: FailoverBody,
    readonly asker: Asker,
  ) {
    super();
  }
}
@CommandHandler(RequestFailover)
export class RequestFailoverHandler implements ICommandHandler<RequestFailover> {
  constructor(
    @Inject(REGISTRY) private readonly registry: RegistryReader,
    private readonly facts: FactWriter,
  ) {}

  async execute({ connectionId, body, asker }: RequestFailover) {
    const home_region = await this.homeOf(connectionId);
    const event_id = await this.facts.onConnection({
      name: 'failover-requested',
      key: connectionId,
      data: {
        connection_id: connectionId,
        home_region,
        requested_by: asker.subject,
        ...body,
        planned: body.planned ?? false,
      },
      trace: asker.trace,
    });
    return { event_id };
  }

  /**
   * An operator must be able to move a link while Redis is away: then its home is taken to be this region,
   * whose loop ignores what it does not know.
   */
  private async homeOf(connectionId: string): Promise<string> {
    try {
      const connection = await this.registry.connection(connectionId);
      if (!connection) throw new Problem('connection-not-found');
      return connection.home_region;
    } catch (error) {
      if (error instanceof RegistryUnavailable || error instanceof RegistryRebuilding)
        return this.facts.region;
      throw error;
    }
  }
}

export class DrainAgent extends Command<{ event_id: string }> {
  constructor(
    readonly agentId: string,
    readonly reason: string,
    readonly asker: Asker,
  ) {
    super();
  }
}
@CommandHandler(DrainAgent)
export class DrainAgentHandler implements ICommandHandler<DrainAgent> {
  constructor(
    @Inject(REGISTRY) private readonly registry: RegistryReader,
    private readonly facts: FactWriter,
  ) {}

  /** A drain is of one life of the agent, so the registry must know it. Only its own region decides on it. */
  async execute({ agentId, reason, asker }: DrainAgent) {
    const agent = await this.registry.agent(agentId, 0);
    if (agent?.incarnation === undefined) throw new Problem('agent-not-found');
    const { control_region, incarnation, kind } = agent;
    if (control_region !== this.facts.region) {
      throw new Problem('other-control-region', {
        detail: `${agentId} belongs to ${control_region}: ask a controller of that region`,
        more: { control_region },
      });
    }
    const event_id = await this.facts.onAgent({
      name: 'agent-drain-requested',
      key: agentId,
      data: { agent_id: agentId, incarnation, control_region, kind, reason, requested_by: asker.subject },
      trace: asker.trace,
    });
    return { event_id };
  }
}
