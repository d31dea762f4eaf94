import { createServer, type Server } from 'node:net';
import { pipeline } from 'node:stream';
import { endpointSpiffeId } from '#libs/contracts';
import { openController } from '../src/controller.ts';
import { certificateIdentity, type EndpointIdentity } from '../src/identity.ts';
import type { EndpointTimings } from '../src/options.ts';
import type {
  ControllerOptions,
  ControllerSession,
  TargetOptions,
  TargetSession,
} from '../src/session-types.ts';
import { attachTarget } from '../src/target.ts';
import { FakeExchange } from './fake-exchange.ts';

/** Short, so that tests of silence do not take long; long enough for a busy machine. */
const TIMINGS: Partial<EndpointTimings> = {
  probeMs: 4_000,
  probePings: 2,
  pingIntervalMs: 100,
  silenceMs: 700,
  resumeWindowMs: 20_000,
};

/** Fake brokers, a controller, a target, and an echo server that the target forwards to. */
export class Rig {
  private constructor(
    readonly exchange: FakeExchange,
    readonly ann: EndpointIdentity,
    readonly tom: EndpointIdentity,
    private readonly echo: Server,
  ) {}

  static async start(...brokers: string[]): Promise<Rig> {
    const exchange = await FakeExchange.start(...brokers);
    const identity = async (id: string): Promise<EndpointIdentity> =>
      certificateIdentity({
        ca: exchange.authority.cert,
        ...(await exchange.issue(id, endpointSpiffeId(id))),
      });
    const echo = createServer({ allowHalfOpen: true }, (socket) => {
      pipeline(socket, socket, () => {});
    });
    await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
    return new Rig(exchange, await identity('ann'), await identity('tom'), echo);
  }

  get forward(): { host: string; port: number } {
    const at = this.echo.address() as { port: number };
    return { host: '127.0.0.1', port: at.port };
  }

  controller(more: Partial<ControllerOptions> = {}): Promise<ControllerSession> {
    return openController({ brokers: this.exchange.list, identity: this.ann, timings: TIMINGS, ...more });
  }

  target(code: string, more: Partial<TargetOptions> = {}): Promise<TargetSession> {
    return attachTarget({
      ...{ brokers: this.exchange.list, identity: this.tom, timings: TIMINGS },
      ...{ code, consent: true, forward: this.forward },
      ...more,
    });
  }

  /** Both ends of an open session. */
  async session(): Promise<{ controller: ControllerSession; target: TargetSession }> {
    const controller = await this.controller();
    const target = await this.target(controller.code);
    return { controller, target };
  }

  async stop(...sessions: { close(): Promise<void> }[]): Promise<void> {
    await Promise.all(sessions.map((session) => session.close()));
    await this.exchange.stop();
    await new Promise((resolve) => this.echo.close(resolve));
  }
}
