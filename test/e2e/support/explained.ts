import { getJson } from '../../support/http.ts';
import type { Name, Stack } from '../../support/stack.ts';
import { waitFor } from '../../support/wait-for.ts';
import { CONTROLLER, LINK } from './spine.ts';

/** Why a connection stands where it stands, as a controller explains it; it must know where that began, from the log. */
export async function explained(stack: Stack, id = LINK, controller: Name = CONTROLLER) {
  const path = `/api/v1/connections/${encodeURIComponent(id)}/explain`;
  // A busy machine may not give the facts in the time that the controller has for them.
  const body = await waitFor(
    async () => {
      const answer = await getJson(stack.url(controller, path));
      return answer.body.causes?.[0]?.evidence[0]?.data === undefined ? undefined : answer.body;
    },
    { what: `${id} explained, with the fact that it began with` },
  );
  expect(body.complete).toBe(true);
  return body;
}
