import { jest } from '@jest/globals';
import type { Stack } from '../support/stack.ts';
import { audit } from './support/audit.ts';
import {
  isAsPromised,
  type Outcome,
  REMAINS_LIMIT_MS,
  startMatrixStack,
  strikeAt,
  tableOf,
} from './support/session-matrix.ts';
import { isTrueCause } from './support/session-matrix-causes.ts';
import type { CellName } from './support/session-matrix-cell.ts';
import { expectNothingLeft } from './support/session-remains.ts';
import { startEcho } from './support/sessions.ts';

jest.setTimeout(600_000);

const WINDOW_MS = 15_000;

/** Some cells of the whole matrix (sessions-matrix.long-spec.ts), those of one strike together. */
const STRIKES: readonly (readonly [string, readonly CellName[]])[] = [
  [
    'endpoints',
    [
      { phase: 'target-attached', program: 'target', signal: 'SIGSTOP' },
      { phase: 'open', program: 'target', signal: 'SIGKILL' },
    ],
  ],
  [
    'a broker that dies',
    [
      { phase: 'redirecting', program: 'broker', signal: 'SIGKILL' },
      { phase: 'draining', program: 'broker', signal: 'SIGKILL' },
    ],
  ],
];

describe('a session whose flow is struck', () => {
  const outcomes: Outcome[] = [];
  let stack: Stack;
  let echo: Awaited<ReturnType<typeof startEcho>>;

  beforeAll(async () => {
    echo = await startEcho();
    stack = await startMatrixStack(WINDOW_MS);
  });
  afterAll(async () => {
    await stack?.stop();
    echo?.close();
  });

  it.each(STRIKES)('ends in a session or a clear refusal: %s', async (_what, cells) => {
    const found = await strikeAt(stack, cells, echo.port);
    outcomes.push(...found);
    expect(found.filter((outcome) => !isAsPromised(outcome))).toEqual([]);
    expect(found.filter((outcome) => !isTrueCause(outcome))).toEqual([]);
    expect(found).toHaveLength(cells.length);
    await expectNothingLeft(stack, REMAINS_LIMIT_MS);
  });

  it('leaves a log as the rules want it', async () => {
    console.table(
      tableOf(
        STRIKES.flatMap(([, cells]) => cells),
        outcomes,
      ),
    );
    await audit(stack, { requests: false });
  });
});
