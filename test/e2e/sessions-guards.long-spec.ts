import { jest } from '@jest/globals';
import type { Stack } from '../support/stack.ts';
import { waitFor } from '../support/wait-for.ts';
import { audit } from './support/audit.ts';
import { Conversation } from './support/session-guards.ts';
import { expectNothingLeft } from './support/session-remains.ts';
import {
  hangUp,
  openSession,
  sessionEvents,
  startEcho,
  startSessionStack,
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
    await expectNothingLeft(stack);
    await audit(stack, { requests: false });
  });
});
