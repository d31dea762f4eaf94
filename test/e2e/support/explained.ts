import { getJson } from '../../support/http.ts';
import type { Name, Stack } from '../../support/stack.ts';
import { waitFor } from '../../support/wait-for.ts';
import { CONTROLLER, LINK, type Row } from './spine.ts';

/**
 * Why a connection stands where it stands, as a controller explains it; it must know where that began, from the log.
 * Whoever learned of a decision by the log or by a program, not by that controller's REST, names its version: the registry may come later.
 */
export async function explained(stack: Stack, id = LINK, controller: Name = CONTROLLER, version = 1) {
  const path = `/api/v1/connections/${encodeURIComponent(id)}/explain`;
  // A busy machine may not give the facts in the time that the controller has for them.
  const body = await waitFor(
    async () => {
      const answer = await getJson(stack.url(controller, path));
      const [first] = answer.body.causes?.[0]?.evidence ?? [];
      // What the clock or a health report alone told of is no record.
      const isKnown = first !== undefined && (first.event_id === undefined || first.data !== undefined);
      return isKnown && answer.body.version >= version ? answer.body : undefined;
    },
    {
      what: `${id} explained at version ${version} or later, with the fact that it began with`,
      withinMs: 60_000,
      everyMs: 200,
    },
  );
  const { at: _asked, ...why } = body;
  expect(why.complete).toBe(true);
  return why;
}

/** What it all began with, and the record of the log that told of it. */
export interface TrueCause {
  readonly reason: string;
  readonly detail?: string;
  /** The agent that failed, or is to be left. */
  readonly agent_id?: string;
  readonly text: string;
  /** Type of the fact that the decision rests on. */
  readonly fact?: string;
  /** Whose fact it is. */
  readonly said_by?: string;
  /** Why what one might expect has not happened: for programs. */
  readonly why_not: readonly string[];
}

/** The first cause of where a connection stands, with the fact behind it: for a test to hold against what it did itself. */
export async function causeOf(
  stack: Stack,
  id = LINK,
  controller: Name = CONTROLLER,
  version = 1,
): Promise<TrueCause> {
  const { first_cause, causes, why_not } = await explained(stack, id, controller, version);
  // biome-ignore lint/suspicious/noExplicitAny: an answer of REST
  const step = causes.find((each: any) => each.event_id === first_cause.event_id);
  const [fact] = step?.evidence ?? [];
  if (fact?.event_id !== undefined)
    expect(fact).toMatchObject({ topic: expect.any(String), offset: expect.any(Number) });
  return {
    ...first_cause,
    fact: fact?.type,
    said_by: fact?.agent_id,
    why_not: why_not.map(({ reason }: { reason: string }) => reason),
  };
}

/** The cause of a move whose server died or fell silent, where the client was the one that saw it. */
export const serverLost = ({ server_id, client_id }: Row) => ({
  reason: 'server-lost',
  agent_id: server_id,
  fact: 'connection-lost',
  said_by: client_id,
});

/** The cause of a session that goes on elsewhere: the broker's own silence, or the first end that came without having been told to. */
export const brokerLost = (broker: string) => ({
  reason: expect.stringMatching(/^(broker-lost|(target|controller)-attached)$/),
  agent_id: broker,
});
