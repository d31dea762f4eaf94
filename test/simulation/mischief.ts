import { LOSS_REASONS } from '#libs/contracts';
import type { Agent } from './agent.ts';
import { PEER_REGION } from './model.ts';
import { Operators } from './operators.ts';
import type { Simulation } from './simulation.ts';

const OFTEN_MS = 4_000;
/** Past the first reports, and before the loop looks at anything. */
const BEFORE_FIRST_LOOK_MS = 50;

/** What goes wrong in the world, and what people ask of it. */
export class Mischief {
  private over = false;
  private operated = true;
  private readonly deeds: readonly (() => void)[] = [
    () => this.killAndRestart(),
    () => this.pause(),
    () => this.shutDown(),
    () => this.forsake(),
    () => this.cutFromKafka(),
    () => this.cutNetwork(),
    () => this.askForFailover(),
    () => this.askForFailover(),
    () => this.drainAgent(),
    () => this.degrade(),
    () => this.degrade(),
    () => this.closeLink(),
    () => this.requestWrongly(),
    () => this.sayNonsense(),
    () => this.sayNonsense(),
    () => this.sayNonsense(),
    () => this.sayNonsense(),
    () => this.sayNonsense(),
  ];

  private readonly operators: Operators;

  constructor(private readonly world: Simulation) {
    this.operators = new Operators(world);
  }

  begin(): void {
    const { agents, random, schedule } = this.world;
    this.operated = random.chance(0.7);
    // Some worlds begin without a server, so that the first requests have to wait.
    if (random.chance(0.4)) {
      for (const agent of agents.values()) {
        if (agent.kind !== 'server-sidecar') continue;
        agent.kill();
        schedule.after(BEFORE_FIRST_LOOK_MS, () => this.world.fleet.forget(agent.id));
        schedule.after(random.between(20_000, 60_000), () => !agent.running && agent.start());
      }
      for (let talk = 0; talk < 25; talk++)
        schedule.after(random.between(1, 20_000), () => this.sayNonsense());
    }
    this.again();
  }

  /** Whatever is broken is mended; what was drained starts anew. */
  end(): void {
    this.over = true;
    if (this.operated) this.operators.release();
    this.world.cuts.clear();
    for (const agent of this.world.agents.values()) {
      agent.resume();
      agent.reconnect();
      if (!agent.running || this.world.fleet.isDraining(agent)) this.restart(agent);
    }
  }

  private restart(agent: Agent): void {
    agent.kill();
    agent.start();
  }

  private again(): void {
    const { schedule, random } = this.world;
    schedule.after(random.between(1, OFTEN_MS), () => {
      if (this.over) return;
      // Some worlds have nobody who sets anything.
      random.pick(this.operated ? [...this.deeds, ...this.operators.deeds] : this.deeds)();
      this.again();
    });
  }

  private anyAgent(): Agent {
    return this.world.random.pick([...this.world.agents.values()]);
  }

  private anyLink(): { id: string; epoch: number } {
    const { random, loop } = this.world;
    const id = loop.fleeting ?? random.pick(['client-1:a', 'client-1:b', 'client-2:a', 'client-2:never']);
    return { id, epoch: Math.max(1, (loop.states.get(id)?.epoch ?? 0) + random.between(-1, 2)) };
  }

  private for(fromMs: number, toMs: number, begin: () => void, end: () => void): void {
    const { schedule, random } = this.world;
    begin();
    schedule.after(random.between(fromMs, toMs), () => {
      if (!this.over) end();
    });
  }

  private killAndRestart(): void {
    const agent = this.anyAgent();
    const longest = this.world.random.chance(0.3) ? 100_000 : 8_000;
    this.for(
      200,
      longest,
      () => agent.kill(),
      () => !agent.running && agent.start(),
    );
  }

  private shutDown(): void {
    const { random } = this.world;
    const agent = this.anyAgent();
    this.for(
      200,
      random.chance(0.3) ? 60_000 : 8_000,
      () => agent.shutDown(),
      () => !agent.running && agent.start(),
    );
  }

  private forsake(): void {
    const { id } = this.anyLink();
    this.world.agents.get(this.world.loop.states.get(id)?.placement?.client_id ?? '')?.forsake(id);
  }

  private pause(): void {
    const agent = this.anyAgent();
    const longest = this.world.random.chance(0.3) ? 100_000 : 6_000;
    this.for(
      200,
      longest,
      () => agent.pause(),
      () => agent.resume(),
    );
  }

  private cutFromKafka(): void {
    const agent = this.anyAgent();
    const longest = this.world.random.chance(0.3) ? 100_000 : 10_000;
    this.for(
      200,
      longest,
      () => {
        agent.cutOff = true;
      },
      () => agent.reconnect(),
    );
  }

  private cutNetwork(): void {
    const { cuts, random, schedule } = this.world;
    const [client, server] = [
      random.pick(['client-1', 'client-2', 'dr-1']),
      `server-${random.between(1, 4)}`,
    ];
    const pair = [client, server].sort().join('|');
    this.for(
      500,
      20_000,
      () => {
        cuts.add(pair);
        for (const [id, held] of this.world.agents.get(client)?.held ?? []) {
          if (held.peer !== server) continue;
          schedule.after(1_500, () => {
            for (const end of [client, server]) {
              this.world.agents.get(end)?.peerGone(id, held.epoch, 'keepalive-timeout');
            }
          });
        }
      },
      () => cuts.delete(pair),
    );
  }

  private askForFailover(): void {
    const { random } = this.world;
    const { id, epoch } = this.anyLink();
    this.world.publish('failover-requested', {
      connection_id: id,
      reason: 'maintenance',
      requested_by: 'operator',
      planned: random.chance(0.5),
      ...(random.chance(0.3) ? { epoch } : {}),
      ...(random.chance(0.2) ? { force: true } : {}),
    });
  }

  private drainAgent(): void {
    const agent = this.anyAgent();
    const { incarnation } = agent;
    this.world.publish('agent-drain-requested', {
      agent_id: agent.id,
      incarnation,
      reason: 'maintenance',
      requested_by: 'operator',
    });
    // A drained agent is restarted in the end, so that the world does not run dry.
    this.world.schedule.after(this.world.random.between(5_000, 20_000), () => {
      if (agent.incarnation === incarnation) this.restart(agent);
    });
  }

  private degrade(): void {
    const { random } = this.world;
    const { id, epoch } = this.anyLink();
    const swallowed = random.chance(0.4);
    const terms = swallowed ? { unanswered: 60 } : { rtt: 20, response: 20 };
    this.world.publish(random.chance(0.7) ? 'connection-degraded' : 'connection-recovered', {
      connection_id: id,
      epoch,
      health_score: swallowed ? 40 : 55,
      terms,
    });
  }

  private closeLink(): void {
    const { id, epoch } = this.anyLink();
    const client = this.world.agents.get(id.split(':')[0] ?? '');
    if (!client?.running || client.cutOff || !client.options.links.includes(id)) return;
    const state = this.world.loop.states.get(id);
    client.close(id, Math.max(1, state?.epoch ?? epoch));
    if (this.world.random.chance(0.7)) {
      this.world.schedule.after(this.world.random.between(1, 5_000), () => client.request(id));
    }
  }

  private requestWrongly(): void {
    const { id } = this.anyLink();
    this.world.publish('connection-request', {
      connection_id: id,
      kind: 'link',
      client_id: 'somebody-else',
      server_group: 'scheme',
    });
  }

  /** Facts that nobody has cause to say, or that come much too late. */
  private sayNonsense(): void {
    const { random } = this.world;
    const { id, epoch } = this.anyLink();
    const agent = this.anyAgent();
    const on = {
      connection_id: id,
      epoch,
      agent_id: agent.id,
      incarnation: `${agent.id}-${random.between(0, 9)}`,
    };
    const answer = { ...on, command_id: `${id}/${random.between(1, 9)}/connect/${agent.id}` };
    // Only true words, however useless: an agent that lies about its own end is not modelled.
    const stranger = { ...on, agent_id: 'stranger', incarnation: 'x' };
    random.pick([
      () => this.world.publish('backend-changed', { ...on, to: 'pod:1', reason: 'pod died' }),
      () =>
        this.world.publish('new-connection-established', {
          ...stranger,
          client_id: 'stranger',
          server_id: 'nobody',
        }),
      () =>
        this.world.publish('connection-lost', {
          ...stranger,
          reason: random.pick(LOSS_REASONS),
          observed_by: 'client-sidecar',
        }),
      () => this.world.publish('command-succeeded', answer),
      () => this.world.publish('command-failed', { ...answer, agent_id: 'stranger', reason: 'dial-failed' }),
      () => this.world.publish('command-refused', { ...answer, agent_id: 'stranger', reason: 'expired' }),
      () => this.world.publish('agent-returned', { agent_id: agent.id, incarnation: agent.incarnation }),
      () =>
        this.world.publish('connection-closed', {
          ...stranger,
          reason: 'nonsense',
        }),
      () => this.world.publish('agent-silent', { agent_id: 'stranger', incarnation: 'x' }),
      () =>
        this.world.publish('peer-answered', {
          connection_id: id,
          epoch: Math.max(1, epoch - 1),
          peer_region: PEER_REGION,
          outcome: 'refused',
          took_ms: 1,
        }),
      () =>
        this.world.publish('server-requested', {
          connection_id: id,
          client_id: 'client-1',
          server_group: 'scheme',
          reason: 'nonsense',
          epoch,
          requesting_region: PEER_REGION,
        }),
    ])();
  }
}
