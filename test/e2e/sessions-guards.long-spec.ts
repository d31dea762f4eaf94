import { jest } from '@jest/globals';
import { EXIT } from '../../apps/cli/src/exit.ts';
import type { Stack } from '../support/stack.ts';
import { waitFor } from '../support/wait-for.ts';
import { audit } from './support/audit.ts';
import { causeOf } from './support/explained.ts';
import { Conversation } from './support/session-guards.ts';
import { expectNothingLeft } from './support/session-remains.ts';
import {
  flagsOf,
  HOME,
  hangUp,
  openSession,
  sessionEvents,
  startEcho,
  startSessionStack,
  trunkline,
  untilPhase,
} from './support/sessions.ts';

jest.setTimeout(600_000);

/** A lid that was closed for a minute, and as long as a laptop takes to find its network again. */
const ASLEEP_MS = 60_000 + 5_000;
/** Beyond the window that there is by default. */
const FOR_EVER_MS = 300_000;

describe('a session with the default window', () => {
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

  it.each(['controller', 'target'] as const)('outlives a minute that its %s sleeps', async (sleeper) => {
    const session = await openSession(stack, echo.port);
    const talk = new Conversation(session.port);
    await talk.asks('before');
    const sleptFromMs = performance.now();
    session[sleeper].signal('SIGSTOP');
    await untilPhase(stack, session.id, 'interrupted');
    await waitFor(() => performance.now() - sleptFromMs > ASLEEP_MS, { withinMs: 2 * ASLEEP_MS });
    session[sleeper].signal('SIGCONT');
    talk.say('good morning');
    await talk.heardAll();
    const awake = session[sleeper === 'target' ? 'controller' : 'target'];
    expect((await awake.until('resumed')).pause_ms).toBeGreaterThan(60_000 - 5_000);
    expect(await causeOf(stack, session.id)).toMatchObject({ reason: `${sleeper}-lost`, detail: sleeper });
    talk.close();
    await hangUp(stack, session);
  });

  it('is over for the one that waits when the other never comes back', async () => {
    const session = await openSession(stack, echo.port);
    session.target.signal('SIGKILL');
    const end = await waitFor(async () => (await untilPhase(stack, session.id, 'ended')).status, {
      withinMs: FOR_EVER_MS,
    });
    expect(end).toBe('closed');
    expect([await session.controller.ended(), session.controller.events('error')]).toEqual([9, []]);
    const last = (await sessionEvents(stack, session.id)).find(({ type }) => type === 'connection-ended');
    expect(last?.data.reason).toBe('window-over');
    expect(await causeOf(stack, session.id)).toMatchObject({ reason: 'target-lost', detail: 'target' });
    await expectNothingLeft(stack);
    await audit(stack, { requests: false });
  });
});

describe('a session whose control plane is gone', () => {
  const CONTROLLERS = [HOME, 'central-controller-west'] as const;
  let stack: Stack;
  let echo: Awaited<ReturnType<typeof startEcho>>;

  beforeAll(async () => {
    echo = await startEcho();
    stack = await startSessionStack({ own: { kafka: true } });
  });
  afterAll(async () => {
    await stack?.stop();
    echo?.close();
  });

  const losses = {
    'every central controller': {
      away: () => Promise.all(CONTROLLERS.map((name) => stack.program(name).kill('SIGKILL'))),
      back: () => Promise.all(CONTROLLERS.map((name) => stack.program(name).start())),
    },
    Kafka: {
      away: async () => stack.servers?.stop('kafka'),
      back: async () => stack.servers?.start('kafka'),
    },
  };

  it.each(Object.keys(losses) as (keyof typeof losses)[])(
    'goes on without %s, and who comes is asked to try again, which works when that is back',
    async (what) => {
      const session = await openSession(stack, echo.port);
      const talk = new Conversation(session.port);
      await talk.asks('before');
      await losses[what].away();
      const late = trunkline(stack, [
        ...['controller', '--listen', '127.0.0.1:0', ...flagsOf(stack, 'controller', '-usa')],
      ]);
      expect(await talk.goesOnDuring(late.ended())).toBeGreaterThan(5);
      expect(await late.ended()).toBe(EXIT.later);
      expect(late.events('error')[0]).toMatchObject({ code: 'unavailable', retriable: true });
      await losses[what].back();
      const next = await waitFor(() => openSession(stack, echo.port).catch(() => undefined), {
        what: 'a session when it is back',
        withinMs: FOR_EVER_MS,
      });
      await talk.asks('after');
      const { controller, target } = session;
      expect([...controller.events('interrupted'), ...target.events('interrupted')]).toEqual([]);
      expect(await causeOf(stack, session.id)).toMatchObject({ reason: 'requested', why_not: [] });
      talk.close();
      for (const each of [session, next]) await hangUp(stack, each);
    },
  );

  it('leaves a log as the rules want it', () => audit(stack, { requests: false }));
});
