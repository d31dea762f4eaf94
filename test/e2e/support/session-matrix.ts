import { connect } from 'node:net';
import { SESSION_PHASES, SESSION_POLICY, STATUS_OF_SESSION_PHASE } from '#libs/contracts';
import { EXIT } from '../../../apps/cli/src/exit.ts';
import type { Name, Stack } from '../../support/stack.ts';
import { waitFor } from '../../support/wait-for.ts';
import { causeOf, type TrueCause } from './explained.ts';
import { putPolicy } from './operator.ts';
import { Cell, type CellName, PROGRAMS, SIGNALS, type Side } from './session-matrix-cell.ts';
import { HASTY_BROKER, STEPS, TURNS } from './session-matrix-steps.ts';
import { HOME, startSessionStack } from './sessions.ts';

/** From a strike to the end of its cell, in milliseconds: longer than a code lives and the window together; more is a hang. */
const CELL_LIMIT_MS = 120_000;
/** Whoever was stopped goes on when the registry shows that it was noticed, or after this. */
const NOTICED_MS = 8_000;
/** As long as a stopped control loop has lost its partitions by then. */
const LOOP_AWAY_MS = 10_000;
/** Codes that nobody uses expire in it. */
export const REMAINS_LIMIT_MS = 120_000;
const CODE_LIFE_MS = 75_000;
const HASTY_CODE_LIFE_MS = 8_000;
const ECHO_MS = 3_000;

/** The whole matrix: each step of a session's flow, each program, each signal. */
export const CELLS: readonly CellName[] = SESSION_PHASES.flatMap((phase) =>
  PROGRAMS.flatMap((program) => SIGNALS.map((signal) => ({ phase, program, signal }))),
);

export interface Outcome extends CellName {
  readonly kind: 'session' | 'refused' | 'hang' | 'unclear';
  readonly text: string;
  /** Why it stands where it stands, as explain says when all are back. */
  readonly cause?: TrueCause;
}

/** A session or a clear refusal; what is over stays so, and what stood outlives its broker and the control loop. */
export function isAsPromised({ kind, phase, program }: Outcome): boolean {
  if (STATUS_OF_SESSION_PHASE[phase] === 'closed') return kind === 'refused';
  const stood = phase === 'open' || phase === 'draining';
  if (stood && (program === 'broker' || program === 'control loop')) return kind === 'session';
  return kind === 'session' || kind === 'refused';
}

/**
 * The stack of sessions, its times as short as cells want them.
 * @param windowMs how long a session waits for who is gone
 */
export async function startMatrixStack(windowMs: number): Promise<Stack> {
  const life = (ms: number) => ({ TRUNKLINE_CODE_LIFE_MS: String(ms) });
  const stack = await startSessionStack({
    envOfAll: life(CODE_LIFE_MS),
    env: { [HASTY_BROKER]: life(HASTY_CODE_LIFE_MS) },
  });
  await putPolicy(stack, SESSION_POLICY, { settings: { session_window_ms: windowMs }, reason: 'matrix' });
  return stack;
}

/** Cells that one strike makes: independent sessions, each at its own step. */
export function batchesOf(cells: readonly CellName[]): readonly (readonly [string, readonly CellName[]])[] {
  const batches = new Map<string, CellName[]>();
  for (const cell of cells) {
    const { program, signal, phase } = cell;
    // Where a code was asked for, it is another broker that is struck.
    const where =
      program === 'broker' && STEPS[phase].broker === STEPS[phase].codeBroker ? ' of the code' : '';
    const name = `${signal} of the ${program}${where}`;
    batches.set(name, [...(batches.get(name) ?? []), cell]);
  }
  return [...batches];
}

/** Brings a session to each step, strikes once, and sees how each of them ends; what was struck stands again after. */
export async function strikeAt(
  stack: Stack,
  names: readonly CellName[],
  forwardPort: number,
): Promise<readonly Outcome[]> {
  const cells = await Promise.all(
    names.map((name) => Cell.open(stack, name, forwardPort, STEPS[name.phase])),
  );
  try {
    await Promise.all(cells.map((cell) => STEPS[cell.name.phase].prepare(cell)));
    for (const turn of TURNS) {
      const now = cells.filter(({ name: { phase } }) => (STEPS[phase].turn ?? 0) === turn);
      await Promise.all(now.map((cell) => STEPS[cell.name.phase].enter(cell)));
    }
    const struck = [...new Set(cells.flatMap((cell) => programOf(cell) ?? []))];
    const rows = await Promise.all(cells.map((cell) => cell.row()));
    expectAtTheirSteps(cells, rows);
    for (const name of struck) await stack.program(name).kill(cells[0]?.name.signal ?? 'SIGKILL');
    for (const cell of cells)
      if (programOf(cell) === undefined) cell.run(sideOf(cell)).signal(cell.name.signal);
    const atMs = performance.now();
    const outcomes = await Promise.all([
      ...cells.map(async (cell, index) => {
        cell.letGo();
        STEPS[cell.name.phase].goOn?.(cell);
        await goOnLater(cell, rows[index]?.version);
        return outcomeOf(cell, atMs);
      }),
      reviveLoop(stack, struck),
    ]);
    for (const name of struck) await revive(stack, name);
    const ended = outcomes.filter((outcome) => outcome !== undefined);
    const explained: Outcome[] = [];
    // One after another: a controller looks into the log for one of them at a time.
    for (const [index, outcome] of ended.entries())
      explained.push(await withCause(cells[index] as Cell, outcome));
    return await Promise.all(explained.map((outcome, index) => finished(cells[index] as Cell, outcome)));
  } finally {
    for (const cell of cells) cell.clear();
  }
}

/** The program of the stack that a cell strikes; undefined: one of the two endpoints. */
function programOf({ name: { program, phase } }: Cell): Name | undefined {
  if (program === 'broker') return STEPS[phase].broker;
  return program === 'control loop' ? HOME : undefined;
}

function sideOf({ name: { program } }: Cell): Side {
  if (program !== 'controller' && program !== 'target') throw new Error(`${program} is no endpoint`);
  return program;
}

/** @throws when a session has left the step that it was brought to: what comes now would fill another cell */
function expectAtTheirSteps(cells: readonly Cell[], rows: readonly { phase: string }[]): void {
  const left = cells.flatMap(({ name: { phase } }, index) =>
    rows[index]?.phase === phase ? [] : [`${phase}: ${rows[index]?.phase}`],
  );
  if (left.length > 0) throw new Error(`sessions have left their steps: ${left.join(', ')}`);
}

/** An endpoint that was stopped goes on when somebody noticed. */
async function goOnLater(cell: Cell, version: number | undefined): Promise<void> {
  if (programOf(cell) !== undefined || cell.name.signal !== 'SIGSTOP') return;
  const look = async () => (await cell.row())?.version !== version;
  await waitFor(look, { withinMs: NOTICED_MS, everyMs: 200 }).catch(() => undefined);
  cell.run(sideOf(cell)).signal('SIGCONT');
}

/** Nothing new is decided while it is away, so it is not away for ever. */
async function reviveLoop(stack: Stack, struck: readonly Name[]): Promise<undefined> {
  if (!struck.includes(HOME)) return;
  const until = performance.now() + LOOP_AWAY_MS;
  await waitFor(() => performance.now() > until, { withinMs: 2 * LOOP_AWAY_MS });
  await revive(stack, HOME);
}

async function revive(stack: Stack, name: Name): Promise<void> {
  const program = stack.program(name);
  if (program.alive()) await program.kill('SIGCONT');
  else await program.start();
  await program.waitReady();
}

/** Waits until bytes go through, or both people were told why not. */
async function outcomeOf(cell: Cell, sinceMs: number): Promise<Outcome> {
  const look = async () => {
    if (cell.sides.every((side) => cell.run(side).result !== undefined)) return 'over';
    const mayCarry = cell.sides.every((side) => cell.run(side).result === undefined);
    return mayCarry && cell.has('target') && (await echoes(cell.port)) ? 'carries' : undefined;
  };
  const how = await waitFor(look, { withinMs: CELL_LIMIT_MS, everyMs: 200 }).catch(() => 'hang');
  const after = `after ${((performance.now() - sinceMs) / 1_000).toFixed(1)} s`;
  if (how === 'carries') return { ...cell.name, kind: 'session', text: `session ${after}` };
  const words = cell.sides.map((side) => `${side} ${endOf(cell, side)}`);
  if (how === 'hang') return { ...cell.name, kind: 'hang', text: `hang: ${words.join(', ')}\n${said(cell)}` };
  const isClear = cell.sides.every((side) => endedClearly(cell, side));
  const text = `refused ${after}: ${words.join(', ')}`;
  return {
    ...cell.name,
    kind: isClear ? 'refused' : 'unclear',
    text: isClear ? text : `${text}\n${said(cell)}`,
  };
}

const CLEAR_EXITS: ReadonlySet<unknown> = new Set([
  EXIT.ok,
  EXIT.unreadable,
  EXIT.code,
  EXIT.refused,
  EXIT.later,
  EXIT.lost,
]);

/** It says what the matter is in a word for programs, and to people when it is not as they wanted it. */
function endedClearly(cell: Cell, side: Side): boolean {
  if (cell.name.signal === 'SIGKILL' && cell.isStruck(side)) return true;
  const run = cell.run(side);
  const isTold = run.result === EXIT.ok || /^trunkline: ./m.test(run.output());
  return CLEAR_EXITS.has(run.result) && wordOf(cell, side) !== undefined && isTold;
}

function endOf(cell: Cell, side: Side): string {
  const { result } = cell.run(side);
  if (cell.name.signal === 'SIGKILL' && cell.isStruck(side)) return 'killed';
  return result === undefined ? 'runs' : `${wordOf(cell, side)} (${result})`;
}

function wordOf(cell: Cell, side: Side): string | undefined {
  const run = cell.run(side);
  const [closed] = run.events('closed');
  return run.events('error')[0]?.code ?? closed?.code ?? closed?.reason;
}

const said = (cell: Cell): string =>
  cell.sides.map((side) => `${side} said:\n${cell.run(side).output()}`).join('\n');

/** Whether one question is answered through the session, within a time. */
function echoes(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const settle = (isAnswered: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(isAnswered);
    };
    const timer = setTimeout(() => settle(false), ECHO_MS);
    socket.on('error', () => settle(false));
    socket.on('close', () => settle(false));
    socket.on('data', () => settle(true));
    socket.write('?');
  });
}

/** Tells why it came as it did; of a session, while it is open. */
async function withCause(cell: Cell, outcome: Outcome): Promise<Outcome> {
  const { stack, id, mistakenId = id } = cell;
  const cause = await causeOf(stack, mistakenId);
  const { reason, detail, agent_id } = cause;
  const told = [reason, detail, agent_id].filter((each) => each !== undefined).join(' ');
  return { ...outcome, cause, text: `${outcome.text} (${told})` };
}

/** A session goes on when what was struck is back, and somebody hangs up. */
async function finished(cell: Cell, outcome: Outcome): Promise<Outcome> {
  if (outcome.kind !== 'session') return outcome;
  try {
    await cell.untilPhase('open');
    await waitFor(() => echoes(cell.port), { what: 'an answer through the session' });
    cell.run('target').signal('SIGINT');
    const ends = [await cell.run('target').ended(), await cell.run('controller').ended()];
    if (ends.some((end) => end !== EXIT.ok)) throw new Error(`hung up, and it ended with ${ends}`);
    const { epoch } = await cell.row();
    return { ...outcome, text: `${outcome.text}, epoch ${epoch}` };
  } catch (error) {
    const text = `${outcome.text}, then: ${(error as Error).message}\n${said(cell)}`;
    return { ...outcome, kind: 'unclear', text };
  }
}

/** A line for each step and program, a column for each signal; a cell without an outcome is empty. */
export function tableOf(cells: readonly CellName[], outcomes: readonly Outcome[]) {
  const table: Record<string, Record<string, string>> = {};
  for (const { phase, program, signal } of cells) {
    const found = outcomes.find(
      (each) => each.phase === phase && each.program === program && each.signal === signal,
    );
    const line = `${phase} × ${program}`;
    table[line] = { ...table[line], [signal]: found?.text.split('\n')[0] ?? '' };
  }
  return table;
}
