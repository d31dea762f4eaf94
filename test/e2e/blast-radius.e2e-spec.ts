import { jest } from '@jest/globals';
import { getJson } from '../support/http.ts';
import type { Stack } from '../support/stack.ts';
import { holdsFor, waitFor } from '../support/wait-for.ts';
import { trunkline } from '../verify/trunkline.ts';
import { auditing } from './support/audit.ts';
import { shortName } from './support/evidence.ts';
import { causeOf } from './support/explained.ts';
import { putPolicy, spareLinks, untilPhaseOf } from './support/operator.ts';
import {
  CONTROLLER,
  eventsOf,
  LINK,
  type Row,
  reconcile,
  rowOf,
  sidecarName,
  startSpine,
  untilApproved,
} from './support/spine.ts';

jest.setTimeout(180_000);

/** Links of the other client sidecar, beside the demo link. */
const SPARE = Array.from({ length: 14 }, (_, index) => `bank-client-dr:spare-${index}`);
const ALL = [LINK, ...SPARE];
const SHARE = 0.15;
/** Of 15 links: two. The two servers that are left have room for all of them. */
const MAY_MOVE = Math.floor(SHARE * ALL.length);

describe('a third of the servers lost at once', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await startSpine({
      env: { 'client-sidecar-dr': await spareLinks(SPARE) },
    });
    for (const id of ALL) await untilPhaseOf(stack, id, 'active');
    await putPolicy(stack, 'narrow', {
      server_group: 'scheme',
      settings: { blast_share: SHARE, blast_free_links: 0 },
      reason: 'one in seven',
    });
  });
  auditing(() => stack);
  afterAll(() => stack?.stop());

  it('moves no more links than the policy lets it, and the others once an operator agrees', async () => {
    const before = await Promise.all(ALL.map((id) => rowOf(stack, id)));
    const [server, hit] = mostLoaded(before);
    expect(hit.length).toBeGreaterThan(MAY_MOVE + 1);
    await stack.program(sidecarName({ server_id: server })).kill('SIGKILL');

    const after = await waitFor(
      async () => {
        const rows = await Promise.all(hit.map((id) => rowOf(stack, id)));
        return rows.every((row) => row.phase === 'suppressed' || isMoved(row, server)) ? rows : undefined;
      },
      { what: 'every link of the lost server moved or held' },
    );
    const held = after.filter(({ phase }) => phase === 'suppressed');
    // One that a slow machine has to move twice is held as well.
    expect(held.length).toBeGreaterThanOrEqual(hit.length - MAY_MOVE);
    await holdsFor(3_000, async () => {
      const rows = await Promise.all(held.map(({ connection_id }) => rowOf(stack, connection_id)));
      return rows.every(({ phase, status }) => phase === 'suppressed' && status === 'failed');
    });

    for (const { connection_id, client_id } of held) {
      expect(await causeOf(stack, connection_id)).toMatchObject({
        reason: 'server-lost',
        agent_id: server,
        fact: 'connection-lost',
        said_by: client_id,
        why_not: ['blast-radius'],
      });
    }
    const failover = await heldFailover(held[0]?.connection_id ?? '');
    expect(failover.suppressed).toMatchObject({
      reason: 'blast-radius',
      what: 'failover',
      cause: 'scheme/servers-lost',
      values: { limit: MAY_MOVE, links: ALL.length },
    });
    const one = await getJson(stack.url(CONTROLLER, `/api/v1/failovers/${failover.failover_id}`));
    expect(one.body.suppressed).toMatchObject({ reason: 'blast-radius' });
    const asked = ['failovers', 'approve', failover.failover_id, '--reason', 'it is really gone'];
    const there = ['--url', stack.url(CONTROLLER, ''), '--token', stack.token];
    expect(trunkline(...asked, ...there)).toMatchObject({ status: 0, stderr: '' });
    for (const id of hit) {
      const row = await untilPhaseOf(stack, id, 'active');
      expect(row.server_id).not.toBe(server);
    }
    await untilApproved(stack, 100);
    await stack.program(sidecarName({ server_id: server })).start();
    await reconcile(stack);
  });

  /** What the decision that held the link says of the move. */
  async function heldFailover(id: string) {
    const [decision] = (await eventsOf(stack, id)).filter(
      ({ type }) => shortName(type) === 'failover-suppressed',
    );
    return { ...decision?.data.failover, suppressed: decision?.data.suppressed };
  }
});

const isMoved = ({ phase, server_id }: Row, from: string): boolean =>
  phase === 'active' && server_id !== undefined && server_id !== from;

/** The server with most of the spare links, the demo link's own left out if another does; and which they are. */
function mostLoaded(rows: readonly Row[]): [string, string[]] {
  const byServer = new Map<string, string[]>();
  for (const { connection_id, server_id = '' } of rows) {
    byServer.set(server_id, [...(byServer.get(server_id) ?? []), connection_id]);
  }
  const [most] = [...byServer].sort(([, one], [, other]) => other.length - one.length);
  if (most === undefined) throw new Error('no link stands on a server');
  return most;
}
