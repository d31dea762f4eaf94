import { jest } from '@jest/globals';
import type { Stack } from '../support/stack.ts';
import { expectCrowd, startCrowdStack } from './support/session-crowd.ts';

jest.setTimeout(300_000);

/** The long form has 1,000 (`sessions-load.long-spec.ts`). */
const SESSIONS = 200;
const ROUNDS = 2;

describe('one broker', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await startCrowdStack();
  });
  afterAll(() => stack?.stop());

  it('carries 200 sessions with mixed traffic, each byte as it was sent, and keeps nothing of them', () =>
    expectCrowd(stack, { sessions: SESSIONS, rounds: ROUNDS }));
});
