import { jest } from '@jest/globals';
import type { Stack } from '../support/stack.ts';
import { audit } from './support/audit.ts';
import {
  batchesOf,
  CELLS,
  isAsPromised,
  type Outcome,
  REMAINS_LIMIT_MS,
  startMatrixStack,
  strikeAt,
  tableOf,
} from './support/session-matrix.ts';
import { isTrueCause } from './support/session-matrix-causes.ts';
import { expectNothingLeft } from './support/session-remains.ts';
import { startEcho } from './support/sessions.ts';

jest.setTimeout(600_000);

const WINDOW_MS = 30_000;

/** Every step of the flow × every program × death and silence: a session or a clear refusal, never a hang, no orphan. */
describe('the matrix of sessions', () => {
  const outcomes: Outcome[] = [];
  let stack: Stack;
  let echo: Awaited<ReturnType<typeof startEcho>>;

  beforeAll(async () => {
    echo = await startEcho();
    stack = await startMatrixStack(WINDOW_MS);
  });
  afterAll(async () => {
    console.table(tableOf(CELLS, outcomes));
    await stack?.stop();
    echo?.close();
  });

  it.each(batchesOf(CELLS))(
    'ends in a session or a clear refusal after %s, at every step',
    async (_name, cells) => {
      const found = await strikeAt(stack, cells, echo.port);
      outcomes.push(...found);
      expect(found.filter((outcome) => !isAsPromised(outcome))).toEqual([]);
      expect(found.filter((outcome) => !isTrueCause(outcome))).toEqual([]);
      await expectNothingLeft(stack, REMAINS_LIMIT_MS);
    },
  );

  it('has no empty cell', () => {
    const lines = Object.entries(tableOf(CELLS, outcomes));
    const empty = lines.flatMap(([line, row]) => (Object.values(row).includes('') ? [line] : []));
    expect(empty).toEqual([]);
    expect(outcomes.length).toBe(CELLS.length);
  });

  it('is as the rules want it in the whole log', () => audit(stack, { requests: false }));
});
