import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import type { Name, Stack } from '../support/stack.ts';
import { waitFor } from '../support/wait-for.ts';
import { audit } from './support/audit.ts';
import { expectCrowd, startCrowdStack } from './support/session-crowd.ts';
import { transferBothWays } from './support/session-transfer.ts';
import { hangUp, openSession, reviveBrokers, sessionEvents, startSessionStack } from './support/sessions.ts';
import { type SshServer, startSshServer } from './support/ssh-server.ts';

jest.setTimeout(1_800_000);

const SESSIONS = 1_000;
const ROUNDS = 4;
const TRANSFER_BYTES = 200_000_000;
const TRANSFER_LIMIT_MS = 1_200_000;
const DEATHS = 3;

describe('a session that carries two large files', () => {
  let stack: Stack;
  let folder: string;
  let ssh: SshServer;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'trunkline-ssh-'));
    ssh = await startSshServer(folder);
    stack = await startSessionStack();
  });
  afterAll(async () => {
    await stack?.stop();
    ssh?.close();
    if (folder) rmSync(folder, { recursive: true });
  });

  it('takes 200 MB each way at once through three deaths of its broker, over unbroken TCP connections', async () => {
    const session = await openSession(stack, ssh.port);
    const { controller, id, port } = session;
    const before = ssh.connections();
    const transfer = transferBothWays(ssh, {
      ...{ port, folder, bytes: TRANSFER_BYTES, limitMs: TRANSFER_LIMIT_MS },
    });
    let isOver = false;
    void transfer.done.finally(() => {
      isOver = true;
    });
    const arrived = (): number => {
      const { up, down } = transfer.arrived();
      return up + down;
    };
    // It may have moved meanwhile by itself, on a machine that is slow.
    const brokerId = (): Name => controller.events('resumed').at(-1)?.broker_id ?? session.brokerId;
    for (let nth = 1; nth <= DEATHS; nth += 1) {
      const part = (2 * TRANSFER_BYTES * nth) / (DEATHS + 2);
      await waitFor(() => arrived() > part, {
        what: `${part} bytes before death ${nth}`,
        withinMs: TRANSFER_LIMIT_MS,
      });
      expect(isOver).toBe(false);
      const [victim, resumes] = [brokerId(), controller.events('resumed').length];
      await stack.program(victim).kill('SIGKILL');
      const resumed = await controller.until('resumed', resumes + 1);
      console.log(`death ${nth}, of ${victim}: ${resumed.pause_ms} ms, ${arrived()} bytes there`);
      expect(resumed.broker_id).not.toBe(victim);
      await reviveBrokers(stack);
    }
    expect(isOver).toBe(false);
    const { up, down } = await transfer.done;
    expect([up.came, down.came]).toEqual([up.sent, down.sent]);
    // One TCP connection for each, from beginning to end.
    expect(ssh.connections()).toBe(before + 2);
    await hangUp(stack, session);
    const types = (await sessionEvents(stack, id)).map(({ type }) => type);
    expect(types.filter((type) => type === 'session-resumed').length).toBeGreaterThanOrEqual(DEATHS);
    await audit(stack, { requests: false });
  });
});

describe('one broker', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await startCrowdStack();
  });
  afterAll(() => stack?.stop());

  it('carries 1,000 sessions with mixed traffic, each byte as it was sent, and keeps nothing of them', () =>
    expectCrowd(stack, { sessions: SESSIONS, rounds: ROUNDS }));
});
