import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { ROOT } from '../../deploy/local/paths.mjs';
import { launch } from '../../deploy/local/processes.mjs';
import { postJson } from '../support/http.ts';
import { byLength, itLong } from '../support/length.ts';
import { freePort } from '../support/servers.mjs';
import type { Name, Stack } from '../support/stack.ts';
import { waitFor } from '../support/wait-for.ts';
import { audit } from './support/audit.ts';
import { brokerLost, causeOf } from './support/explained.ts';
import { Conversation } from './support/session-guards.ts';
import { type TourTerminal, tourIn } from './support/session-guards-tour.ts';
import { expectNothingLeft } from './support/session-remains.ts';
import {
  followRun,
  hangUp,
  nameRun,
  type OpenSession,
  openSession,
  reviveBrokers,
  startEcho,
  startSessionStack,
  untilDecided,
  untilPhase,
} from './support/sessions.ts';
import { startSshServer } from './support/ssh-server.ts';

jest.setTimeout(300_000);

const INDIA = 'central-controller-west';

describe('a session whose broker or end falls silent, or whose broker has to go', () => {
  let stack: Stack;
  let echo: Awaited<ReturnType<typeof startEcho>>;

  beforeAll(async () => {
    echo = await startEcho();
    stack = await startSessionStack();
  });
  afterAll(async () => {
    await stack?.stop();
    echo?.close();
  });
  afterEach(() => stack && reviveBrokers(stack));

  /** Both sides, with a connection through them that has carried something. */
  async function talking(): Promise<
    OpenSession & { talk: Conversation; broker: ReturnType<Stack['program']> }
  > {
    const session = await openSession(stack, echo.port);
    const talk = new Conversation(session.port);
    await talk.asks('before');
    return { ...session, talk, broker: stack.program(session.brokerId as Name) };
  }

  async function over({ talk, ...session }: Awaited<ReturnType<typeof talking>>): Promise<void> {
    await talk.asks('after');
    talk.close();
    await hangUp(stack, session);
  }

  itLong('leaves a broker that stands still, and does not mind when that goes on', async () => {
    const session = await talking();
    const { controller, target, talk, broker, id } = session;
    await broker.kill('SIGSTOP');
    talk.say('while it stands still');
    const resumed = await controller.until('resumed');
    expect(resumed.broker_id).not.toBe(broker.name);
    await target.until('resumed');
    await talk.heardAll();
    await untilPhase(stack, id, 'open', resumed.epoch);
    expect(await causeOf(stack, id)).toMatchObject(brokerLost(broker.name));
    await broker.kill('SIGCONT');
    await broker.waitReady();
    await talk.asks('and when it goes on');
    expect(await untilPhase(stack, id, 'open')).toMatchObject({ broker_id: resumed.broker_id });
    expect(controller.events('resumed')).toHaveLength(1);
    await over(session);
  });

  itLong('is there again when its target wakes up, with what was said meanwhile', async () => {
    const session = await talking();
    const { controller, target, talk, id } = session;
    target.signal('SIGSTOP');
    talk.say('good night');
    expect(await controller.until('interrupted')).toMatchObject({ reason: 'target-lost' });
    await untilPhase(stack, id, 'interrupted');
    talk.say(' and good morning');
    target.signal('SIGCONT');
    await controller.until('resumed');
    await talk.heardAll();
    expect(await causeOf(stack, id)).toMatchObject({ reason: 'target-lost', detail: 'target' });
    await over(session);
  });

  describe('whose broker is drained', () => {
    const drains = {
      REST: async (broker: Name) => {
        const url = stack.url(INDIA, `/api/v1/agents/${broker}/drain`);
        const answer = await postJson(url, { reason: 'upgrade' }, stack.token);
        expect(answer.status).toBe(202);
      },
      SIGTERM: async (broker: Name) => {
        process.kill(stack.program(broker).pid, 'SIGTERM');
      },
    };

    it.each(byLength<readonly ('REST' | 'SIGTERM')[]>(['REST'], ['REST', 'SIGTERM']))(
      'by %s, moves without an error, and the broker ends',
      async (way) => {
        const session = await talking();
        const { controller, target, talk, broker, id } = session;
        const before = broker.log().length;
        const work = async () => {
          await drains[way](broker.name);
          await waitFor(() => !broker.alive(), { what: `the end of ${broker.name}`, withinMs: 60_000 });
        };
        expect(await talk.goesOnDuring(work())).toBeGreaterThan(5);
        for (const side of [controller, target]) {
          const { broker_id, pause_ms } = await side.until('resumed');
          expect(broker_id).not.toBe(broker.name);
          // Nobody sees more of it than another broker's name.
          expect([side.events('error'), side.events('interrupted'), pause_ms]).toEqual([[], [], 0]);
        }
        expect(broker.log().slice(before)).toMatch(/"stopped"/);
        expect(broker.log().slice(before)).not.toMatch(/"level":"(error|fatal)"/);
        await untilDecided(stack, id, ['session-interrupted agent-draining', 'session-resumed established']);
        expect(await causeOf(stack, id)).toMatchObject({
          reason: 'agent-draining',
          agent_id: broker.name,
          // Nobody asked for the other one: the broker's reports say that it goes.
          fact: way === 'REST' ? 'agent-drain-requested' : 'fleet-changed',
        });
        // Who comes now goes where there is room.
        const next = await openSession(stack, echo.port);
        expect(next.brokerId).not.toBe(broker.name);
        await hangUp(stack, next);
        await over(session);
      },
    );

    itLong('goes anyway when an end does not leave in time, and has the end back later', async () => {
      for (const name of ['broker-in-3', 'broker-in-4'] as const)
        await stack.program(name).restart({ TRUNKLINE_DRAIN_MS: '1000' });
      const session = await talking();
      const { controller, target, talk, broker, id } = session;
      target.signal('SIGSTOP');
      await drains.SIGTERM(broker.name);
      await waitFor(() => !broker.alive(), { what: `the end of ${broker.name}`, withinMs: 60_000 });
      await controller.until('interrupted');
      talk.say('still here');
      target.signal('SIGCONT');
      await controller.until('resumed');
      await talk.heardAll();
      await untilDecided(stack, id, ['session-interrupted shutdown', 'session-resumed established']);
      const cause = await causeOf(stack, id);
      expect(cause).toMatchObject({ reason: 'agent-draining', agent_id: broker.name });
      await over(session);
      for (const name of ['broker-in-3', 'broker-in-4'] as const) await stack.program(name).restart();
    });
  });

  it('does what the tour of the README says: ssh through a code, a broker that is killed, typing on', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'trunkline-tour-'));
    const ssh = await startSshServer(folder);
    const tour = tourIn({ stack, listenPort: await freePort(), ssh });
    const terminals: TourTerminal[] = [];
    const open = (terminal: TourTerminal): TourTerminal => {
      terminals.push(terminal);
      return terminal;
    };
    try {
      const probe = open(tour.probe());
      expect(await probe.ended()).toBe(0);
      await probe.says(/broker-in-[34][^\n]*\n[^\n]*broker-in-[34][^\n]*\n[^\n]*broker-us-/);
      const controller = open(tour.controller());
      const code = await controller.says(/\b([0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{2})\b/);
      const target = open(tour.target(code));
      await target.says(/controller wants to reach 127\.0\.0\.1:\d+ from this machine/);
      target.type('y');
      const broker = await controller.says(/open, through (broker-in-[34])/);
      await target.says(new RegExp(`open, through ${broker}`));
      const technician = open(tour.ssh());
      technician.type('before\n');
      await technician.says(/before\s+before/);
      expect(await open(tour.kill(broker)).ended()).toBe(0);
      technician.type('while it moves\n');
      await controller.says(/resumed through broker-/);
      technician.type('and after it\n');
      await technician.says(/while it moves[\s\S]*while it moves[\s\S]*and after it/);
      expect(ssh.connections()).toBe(1);
      target.type('q');
      expect([await target.ended(), await controller.ended()]).toEqual([0, 0]);
    } finally {
      for (const terminal of terminals) terminal.clear();
      ssh.close();
      rmSync(folder, { recursive: true });
    }
  });

  itLong('may have another program at either end: the two examples of the SDK', async () => {
    const { home, pki } = stack.layout;
    const files = [join(home, 'brokers.json'), join(pki, 'ca.crt')];
    const example = (which: string, ...args: string[]) => {
      const name = nameRun(which);
      const script = ['--import', './test/bench/typescript.mjs', `libs/endpoint/examples/${which}.ts`];
      const line = { command: process.execPath, args: [...script, ...files, ...args], cwd: ROOT };
      return followRun(stack, name, launch(stack.layout, { name, ...line, env: {} }));
    };
    const controller = example('controller', join(pki, 'controller.crt'), join(pki, 'controller.key'));
    const find = (): string | undefined => /the code is (\S+),/.exec(controller.output())?.[1];
    const target = example('target', await waitFor(find, { what: 'the code', withinMs: 60_000 }));
    expect([await controller.ended(), await target.ended()]).toEqual([0, 0]);
    expect(controller.output()).toContain('HELLO FROM THE CONTROLLER');
    expect(target.output()).toMatch(/controller controls, through broker-[\s\S]*over: hung-up/);
  });

  it('leaves nothing behind, whatever became of it', async () => {
    await expectNothingLeft(stack);
    await audit(stack, { requests: false });
  });
});
