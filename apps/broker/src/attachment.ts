import { randomUUID } from 'node:crypto';
import type { SessionProbe } from '#libs/relay';
import type { NamedSession } from './session-codes.ts';

/** What an endpoint's connection is for, from its request on. */
export interface Attachment {
  /** Names this leg in facts and commands; another one when the leg goes on after a relay. */
  readonly id: string;
  readonly session: NamedSession;
  readonly role: 'controller' | 'target';
  /** It came with the session's id, not with a code. */
  readonly resumed: boolean;
  /** It came with the code before, and was not told the session's id. */
  readonly again?: boolean;
  readonly probes?: readonly SessionProbe[];
  readonly surviveMs?: number;
  /** The epoch that the endpoint knew when it came; 0: none. */
  readonly knownEpoch: number;
  /** To be given to the controller, then forgotten. */
  code?: string;
  /** The epoch of the latest command that named it. */
  epoch?: number;
  /** A target: it was told who controls. */
  held: boolean;
  /** A target: it agreed to be controlled. */
  consented: boolean;
  /** It was told to go to another broker; what it has here goes on until then. */
  leaving: boolean;
}

type Given = Pick<Attachment, 'session' | 'role' | 'resumed' | 'knownEpoch'> &
  Partial<Pick<Attachment, 'again' | 'code' | 'probes' | 'surviveMs' | 'consented'>>;

export function attach(given: Given): Attachment {
  return { consented: true, ...given, id: randomUUID(), held: false, leaving: false };
}

/** The same endpoint on the same connection, for whatever comes after a relay. */
export function attachAgain(before: Attachment, knownEpoch: number): Attachment {
  const { session, role, probes, surviveMs, consented, held } = before;
  const anew = attach({
    ...{ session, role, knownEpoch, consented, resumed: true },
    ...(probes === undefined ? {} : { probes }),
    ...(surviveMs === undefined ? {} : { surviveMs }),
  });
  return { ...anew, held };
}
