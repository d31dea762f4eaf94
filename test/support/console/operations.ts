import type { OutgoingEvent } from '#libs/log';
import { Scenario } from '../../../libs/domain/testing/scenario.ts';
import type { Random } from '../../simulation/random.ts';
import { agentDecision } from '../decisions.ts';
import type { Aggregate, Told } from './aggregate.ts';
import { HOME, nextOffset } from './aggregate.ts';
import type { StageRegistry } from './registry.ts';
import { lost, settle } from './stories.ts';
import type { World } from './world.ts';

type Link = Aggregate<Scenario>;
/** Of a fact, which REST has checked. */
type Fields = Readonly<Record<string, string>>;

/** What happens on the stage after it was made: what operators ask for, and what goes wrong. */
export class Operations {
  private readonly random: Random;

  constructor(
    private readonly world: World,
    private readonly registry: StageRegistry,
  ) {
    this.random = world.random;
  }

  /** A fact that REST wrote: its decisions are told at once. */
  take({ type, data }: OutgoingEvent): void {
    const fact = data as Fields;
    if (type === 'failover-requested') this.asked(fact);
    if (type === 'agent-drain-requested') this.drain(fact);
    if (type === 'failover-approved') this.approve(fact);
    if (type === 'freeze-requested') {
      const updated_at = new Date().toISOString();
      this.registry.frozen = { ...(fact as object), control_region: HOME, updated_at } as never;
    }
  }

  /** `kill -9` of a server: its links go elsewhere. @returns the ids of those that did. */
  kill(serverId: string): string[] {
    const agent = this.world.agents.get(serverId);
    if (agent === undefined) throw new Error(`there is no ${serverId}`);
    agent.lastReportMs = Date.now();
    return this.world.standing(serverId).map((link) => {
      link.scenario.without(serverId);
      return this.move(link, 'peer-reset');
    });
  }

  /** A link loses its path and gets another. @returns its id */
  move(link: Link, reason: string): string {
    this.atNow(link);
    lost(link.scenario, 'client', reason, this.random.between(3, 25));
    this.world.tell(link);
    settle(link.scenario, this.random);
    this.world.tell(link);
    return link.id;
  }

  /** A link loses its path, and goes on later. */
  lose(link: Link, reason: string): void {
    this.atNow(link);
    lost(link.scenario, 'client', reason, this.random.between(3, 25));
    this.world.tell(link);
  }

  /** The agents do what the open commands say. */
  finish(link: Link): void {
    this.atNow(link);
    settle(link.scenario, this.random);
    this.world.tell(link);
  }

  private asked({ connection_id, ...asked }: Fields): void {
    const link = this.linkOf(connection_id ?? '');
    if (link === undefined) return;
    this.atNow(link).tell('failover-requested', asked);
    this.world.tell(link);
    this.finish(link);
  }

  private approve({ cause, until, requested_by }: Fields): void {
    for (const id of this.world.sortedIds) {
      if (this.world.connections.get(id)?.row.phase !== 'suppressed') continue;
      const link = this.linkOf(id);
      if (link === undefined || link.scenario.known().suppressed?.cause !== cause) continue;
      this.atNow(link).set('failover-approved', { failover_id: `${id}~0`, cause, until, requested_by });
      this.world.tell(link);
      this.finish(link);
    }
  }

  private drain({ agent_id = '', incarnation = '', reason, requested_by }: Fields): void {
    const agent = this.world.agents.get(agent_id);
    if (agent === undefined || agent.draining) return;
    agent.draining = true;
    agent.version = (agent.version ?? 0) + 1;
    agent.updated_at = new Date().toISOString();
    const data = {
      ...agentDecision(agent_id, agent.version, incarnation),
      kind: agent.kind,
      control_region: agent.control_region,
      reason: 'agent-draining',
      decided_at: agent.updated_at,
    };
    const place = { partition: 0, offset: nextOffset(0) };
    const told = { event_id: `${agent_id}/${agent.version}`, type: 'agent-draining', time: agent.updated_at };
    this.world.onDecision?.({ ...told, ...place, region: HOME, data: data as unknown as Told['data'] });
    for (const link of this.world.standing(agent_id)) {
      this.atNow(link).tell('agent-drain-requested', { agent_id, incarnation: 'a', reason, requested_by });
      this.world.tell(link);
      this.finish(link);
    }
  }

  private linkOf(id: string): Link | undefined {
    const found = this.world.connections.get(id);
    return found?.scenario instanceof Scenario ? (found as Link) : undefined;
  }

  /** Its clock is the machine's again. */
  private atNow({ scenario }: Link): Scenario {
    scenario.nowMs = Math.max(scenario.nowMs, Date.now());
    return scenario;
  }
}
