import { randomBytes } from 'node:crypto';
import { makeConnectionCode, readConnectionCode, spiffeId } from '#libs/contracts';
import { createAuthority, issueLeaf, type KeyPairPem } from '#libs/pki';
import type { SessionFrame, SessionPayloads } from '#libs/relay';
import type { Broker } from '../src/brokers.ts';
import { FakeBroker, type FakeLeg } from './fake-broker.ts';

const CODE_LIFE_MS = 600_000;

export interface FakeSession {
  readonly code: string;
  readonly connectionId: string;
  readonly controllerId: string;
  targetId: string | undefined;
  isConsented: boolean;
  epoch: number;
  controller: FakeLeg | undefined;
  target: FakeLeg | undefined;
  /** Why it is over; undefined while it is not. */
  ended: string | undefined;
}

/** What the control plane does for brokers, in one object: codes, who belongs together, where, and in which epoch. */
export class FakeExchange {
  readonly brokers = new Map<string, FakeBroker>();
  readonly sessions: FakeSession[] = [];
  readonly seenProbes: SessionPayloads['attach']['probes'][] = [];
  /** Refuses requests for as long as it gives something. */
  refuse: (leg: FakeLeg, asked: string) => SessionPayloads['refused'] | undefined = () => undefined;

  private constructor(readonly authority: KeyPairPem) {}

  /** Starts brokers with certificates of one new authority. */
  static async start(...ids: string[]): Promise<FakeExchange> {
    const exchange = new FakeExchange(await createAuthority('Test CA', Date.now()));
    for (const id of ids) {
      const pair = await exchange.issue(id, spiffeId('east', 'broker', id));
      const broker = new FakeBroker(exchange, id, { ca: exchange.authority.cert, ...pair });
      await broker.start();
      exchange.brokers.set(id, broker);
    }
    return exchange;
  }

  get list(): Broker[] {
    return [...this.brokers.values()].map(({ broker }) => broker);
  }

  issue(name: string, uri: string): Promise<KeyPairPem> {
    return issueLeaf(this.authority, { name, uri }, Date.now());
  }

  broker(id: string): FakeBroker {
    const broker = this.brokers.get(id);
    if (broker === undefined) throw new Error(`no broker ${id}`);
    return broker;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.brokers.values()].map((broker) => broker.kill()));
  }

  receive(leg: FakeLeg, frame: SessionFrame): void {
    if (frame.name === 'new' || frame.name === 'attach' || frame.name === 'resume') {
      const refused = this.refuse(leg, frame.name);
      if (refused !== undefined) {
        leg.refuse(refused.reason, refused);
        return;
      }
    }
    if (frame.name === 'new') this.issueCode(leg);
    else if (frame.name === 'attach') this.attach(leg, frame.payload);
    else if (frame.name === 'resume') this.resume(leg, frame.payload);
    else if (frame.name === 'consent') this.consent(leg);
    else if (frame.name === 'bye') this.end(this.sessionOf(leg), frame.payload.reason);
  }

  /** The leg is gone: the other end is told, and keeps its own. */
  lost(leg: FakeLeg): void {
    const { partner } = leg;
    leg.partner = undefined;
    if (partner?.partner === leg) {
      partner.partner = undefined;
      partner.send('interrupted', { reason: leg.role === 'target' ? 'target-lost' : 'controller-lost' });
    }
    for (const session of this.sessions) {
      if (session.controller === leg) session.controller = undefined;
      if (session.target === leg) session.target = undefined;
    }
  }

  end(session: FakeSession | undefined, reason: string): void {
    if (session === undefined || session.ended !== undefined) return;
    session.ended = reason;
    for (const leg of [session.controller, session.target]) {
      leg?.send('bye', { reason });
      leg?.close();
    }
  }

  private issueCode(leg: FakeLeg): void {
    const code = makeConnectionCode('E', randomBytes(12));
    const connectionId = `ses_${randomBytes(8).toString('hex')}`;
    const session = {
      ...{ code, connectionId, controllerId: leg.peer.id, targetId: undefined, isConsented: false },
      ...{ epoch: 0, controller: leg, target: undefined, ended: undefined },
    };
    this.sessions.push(session);
    const expires_at = new Date(Date.now() + CODE_LIFE_MS).toISOString();
    leg.send('code', { code, connection_id: connectionId, home_region: 'east', expires_at });
  }

  private attach(leg: FakeLeg, asked: SessionPayloads['attach']): void {
    this.seenProbes.push(asked.probes);
    const read = readConnectionCode(asked.code);
    const session = this.sessions.find(({ code }) => read.kind === 'code' && code === read.code);
    const targetId = session?.targetId ?? leg.peer.id;
    if (session === undefined) leg.refuse('unknown-code');
    else if (session.ended !== undefined) leg.refuse('closed');
    else if (targetId !== leg.peer.id || (session.targetId !== undefined && !asked.again)) leg.refuse('used');
    else {
      session.targetId = targetId;
      session.isConsented ||= asked.consented !== false;
      this.hold(session, leg);
    }
  }

  private resume(leg: FakeLeg, asked: SessionPayloads['resume']): void {
    const session = this.sessions.find(({ connectionId }) => connectionId === asked.connection_id);
    const owner = asked.role === 'target' ? session?.targetId : session?.controllerId;
    if (session === undefined) leg.refuse('unknown-code');
    else if (session.ended !== undefined) leg.refuse('closed');
    else if (owner !== leg.peer.id) leg.refuse('wrong-identity');
    else if (asked.role === 'target') {
      // A target resumes only after its person has agreed.
      session.isConsented = true;
      this.hold(session, leg);
    } else {
      session.controller = leg;
      this.join(session);
    }
  }

  private hold(session: FakeSession, leg: FakeLeg): void {
    session.target = leg;
    const { connectionId: connection_id, controllerId: controller_id } = session;
    leg.send('held', { connection_id, home_region: 'east', controller_id });
    this.join(session);
  }

  private consent(leg: FakeLeg): void {
    const session = this.sessionOf(leg);
    if (session === undefined) return;
    session.isConsented = true;
    this.join(session);
  }

  /** Opens the session when both its ends stand at one broker; the target's is the one. */
  private join(session: FakeSession): void {
    const { controller, target, connectionId: connection_id } = session;
    if (controller === undefined || target === undefined || !session.isConsented) return;
    if (controller.broker !== target.broker) {
      const { id, host, port } = target.broker.broker;
      const address = `${host}:${port}`;
      controller.send('redirect', { connection_id, broker_id: id, address, epoch: session.epoch });
      return;
    }
    session.epoch += 1;
    for (const [leg, other] of [
      [controller, target],
      [target, controller],
    ] as const) {
      if (leg.partner !== undefined && leg.partner !== other) leg.partner.partner = undefined;
      leg.partner = other;
      leg.send('opened', { connection_id, epoch: session.epoch, peer: other.peer.id });
    }
  }

  private sessionOf(leg: FakeLeg): FakeSession | undefined {
    return this.sessions.find(({ controller, target }) => controller === leg || target === leg);
  }
}
