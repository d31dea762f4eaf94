import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { makeConnectionCode, type SessionPhase } from '#libs/contracts';
import { codeKeyOf } from '../../../apps/broker/src/config-checks.ts';
import { SessionCodes } from '../../../apps/broker/src/session-codes.ts';
import { post } from './operator.ts';
import type { Cell, Side } from './session-matrix-cell.ts';
import type { BrokerName } from './session-matrix-ways.ts';

/** A broker whose codes expire while a test waits; the codes of the others can be used for as long as any cell lasts. */
export const HASTY_BROKER = 'broker-us-2';

/** How a session is brought to a step of its flow, and held there until something was struck. */
export interface Step {
  /** Where the controller asks for its code. */
  readonly codeBroker: BrokerName;
  /** The broker that this step hangs on. */
  readonly broker: BrokerName;
  /** The target is as far from its broker as the controller. */
  readonly farTarget?: boolean;
  /** When it is entered, 0 first: what lasts for some seconds only comes last. */
  readonly turn?: number;
  /** All that takes its time. */
  readonly prepare: (cell: Cell) => Promise<void>;
  /** Into the step; the registry shows it, and it lasts for some seconds at least. */
  readonly enter: (cell: Cell) => Promise<void>;
  /** What the people do when the ways are free again. */
  readonly goOn?: (cell: Cell) => void;
}

const nothing = async (): Promise<void> => {};
const begin = { codeBroker: 'broker-us-1', broker: 'broker-in-3' } as const;

async function prepareOpen(cell: Cell): Promise<void> {
  await cell.askForCode();
  cell.attach();
  await cell.untilOpen();
}

/** A target that is struck has to be there; it gets no answer from any broker. */
async function enterBefore(cell: Cell): Promise<void> {
  if (!cell.isStruck('target')) return;
  cell.way('target').hold();
  cell.attach();
}

const attachNow = (cell: Cell): void => {
  if (!cell.has('target')) cell.attach();
};

export const TURNS = [0, 1, 2] as const;

/** One for each step there is: a new one does not compile without its own. */
export const STEPS: Readonly<Record<SessionPhase, Step>> = {
  'code-issued': {
    ...{ codeBroker: 'broker-us-1', broker: 'broker-us-1' },
    prepare: (cell) => cell.askForCode(),
    enter: async (cell) => {
      await enterBefore(cell);
      await cell.untilPhase('code-issued');
    },
    goOn: attachNow,
  },
  'target-attached': {
    ...begin,
    prepare: (cell) => cell.askForCode(),
    enter: async (cell) => {
      await cell.attachAsking().until('consent');
      await cell.untilPhase('target-attached');
    },
    goOn: (cell) => cell.press('y'),
  },
  redirecting: {
    ...begin,
    turn: 1,
    prepare: (cell) => cell.askForCode(),
    enter: async (cell) => {
      // Where it is sent to, it does not get.
      cell.way('controller').hold('broker-us-1');
      cell.attach();
      await cell.untilPhase('redirecting');
      cell.way('controller').hold();
    },
  },
  open: { ...begin, prepare: prepareOpen, enter: nothing },
  draining: {
    ...begin,
    turn: 2,
    prepare: prepareOpen,
    enter: async (cell) => {
      for (const side of ['controller', 'target'] as const) cell.way(side).hold('broker-in-3');
      await post(cell.stack, `/api/v1/connections/${cell.id}/failover`, { reason: 'matrix', planned: true });
      await cell.untilPhase('draining');
    },
  },
  interrupted: {
    ...begin,
    turn: 1,
    prepare: prepareOpen,
    enter: async (cell) => {
      cell.way('target').hold();
      await cell.untilPhase('interrupted');
    },
  },
  ended: {
    ...begin,
    prepare: prepareOpen,
    enter: async (cell) => {
      // Who is struck has not heard of it yet.
      const [deaf, other]: [Side, Side] = cell.isStruck('target')
        ? ['target', 'controller']
        : ['controller', 'target'];
      cell.way(deaf).hold();
      cell.run(other).signal('SIGINT');
      await cell.untilPhase('ended');
    },
  },
  expired: {
    ...{ codeBroker: HASTY_BROKER, broker: HASTY_BROKER },
    prepare: async (cell) => {
      await cell.askForCode();
      cell.way('controller').hold();
      await cell.untilPhase('expired');
    },
    enter: enterBefore,
    goOn: attachNow,
  },
  rejected: {
    ...begin,
    farTarget: true,
    turn: 1,
    prepare: async (cell) => {
      await cell.askForCode();
      // Of all that are as far, only this one answers.
      cell.way('target').hold('broker-in-3');
    },
    enter: async (cell) => {
      const { code, id } = unissued(cell);
      cell.mistakenId = id;
      cell.attach(code);
      await cell.untilPhase('rejected');
      cell.way('target').hold();
    },
    goOn: (cell) => void givenUp(cell),
  },
};

/** A code that nobody issued, as somebody may mistake one for another, and the session that it would lead to. */
function unissued({ stack }: Cell): { code: string; id: string } {
  const key = codeKeyOf(join(stack.layout.pki, 'code.key'));
  if (key === undefined) throw new Error('the stack has no key for codes');
  const codes = new SessionCodes(key, stack.regions.bank, new Map([['E', stack.regions.bank]]));
  const code = makeConnectionCode('E', randomBytes(12));
  return { code, id: codes.read(code)?.connectionId ?? '' };
}

/** The controller, whose code nobody read out, hangs up when it hears that its target was turned away. */
async function givenUp(cell: Cell): Promise<void> {
  await cell.run('target').ended();
  const controller = cell.run('controller');
  if (controller.result === undefined) controller.signal('SIGINT');
}
