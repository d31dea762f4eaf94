import type { Collector, SeenSpan } from '../../support/otlp.ts';
import { PlainKafka } from '../../support/plain-kafka.ts';
import type { Stack } from '../../support/stack.ts';
import { waitFor } from '../../support/wait-for.ts';
import { decisionsIn } from './evidence.ts';
import { CONTROLLER, LINK, type Row } from './spine.ts';

/** Who did what: the program, the kind of span, and the message or call. */
type Step = readonly [program: string, kind: SeenSpan['kind'], what: string];

/** A trace in which a decision stands, and how the decision came about. */
interface Story {
  /** From what began it to the decision's own append. */
  readonly steps: readonly Step[];
  /** All there is of the trace. */
  readonly spans: readonly SeenSpan[];
}

/** The trace of one decision (`<key>/<version>`), once everything that led to it has arrived. */
function storyOf(collector: Collector, decision: string): Promise<Story> {
  return waitFor(
    () => {
      const { spans } = collector;
      const last = spans.find((span) => idOf(span) === decision && span.kind === 'producer');
      const chain = last && chainTo(last, spans);
      if (last === undefined || chain === undefined) return undefined;
      return {
        steps: chain.map((span) => stepOf(span)),
        spans: spans.filter(({ traceId }) => traceId === last.traceId),
      };
    },
    { what: `the trace of ${decision}` },
  );
}

/** Every span from the root down; undefined: one of them has not arrived. */
function chainTo(last: SeenSpan, spans: readonly SeenSpan[]): SeenSpan[] | undefined {
  const chain = [last];
  for (let at: SeenSpan = last; at.parentSpanId !== undefined; ) {
    const parent = spans.find(({ spanId, traceId }) => spanId === at.parentSpanId && traceId === at.traceId);
    if (parent === undefined) return undefined;
    chain.unshift(parent);
    at = parent;
  }
  return chain;
}

/** A controller is told by its region: which process of it answers is the group's affair. */
function stepOf({ resource, kind, attributes, name }: SeenSpan): Step {
  const program = resource['trunkline.control_region'];
  const isController = resource['service.name'] === 'trunkline-central-controller';
  const who = isController ? `controller of ${program}` : String(resource['service.instance.id']);
  return [who, kind, String(attributes['cloudevents.event_type'] ?? name)];
}

const idOf = ({ attributes }: SeenSpan): unknown => attributes['messaging.message.id'];

const CALL = 'trunkline.control.v1.ControllerService/RequestFailover';

/**
 * The move of the link after its server was killed stands in one trace: from what the client's sidecar saw, through the
 * question to the peer, to the path that stands; both sidecars' answers and the registry's row are part of it.
 */
export async function expectOneTrace(collector: Collector, { regions }: Stack, after: Row): Promise<void> {
  const [home, peer] = [`controller of ${regions.bank}`, `controller of ${regions.scheme}`];
  const [client, server] = [after.client_id, after.server_id ?? ''];
  const { steps, spans } = await storyOf(collector, `${after.connection_id}/${after.version}`);
  expect(steps).toEqual([
    [client, 'producer', 'connection-lost'],
    [home, 'consumer', 'connection-lost'],
    [home, 'producer', 'failover-started'],
    [home, 'client', CALL],
    [home, 'producer', 'peer-answered'],
    [home, 'consumer', 'peer-answered'],
    [home, 'producer', 'failover-decided'],
    [home, 'producer', 'connect'],
    [client, 'consumer', 'connect'],
    [client, 'producer', 'new-connection-established'],
    [home, 'consumer', 'new-connection-established'],
    [home, 'producer', 'failover-completed'],
  ]);
  const { traceId } = spans[0] as SeenSpan;
  const also: Step[] = [
    [peer, 'server', CALL],
    [peer, 'consumer', 'server-requested'],
    [peer, 'producer', 'server-reserved'],
    [server, 'consumer', 'accept-client'],
    [server, 'producer', 'command-succeeded'],
    [client, 'producer', 'command-succeeded'],
    // The projector's: the row that REST and the console show.
    [home, 'consumer', 'failover-completed'],
  ];
  await waitFor(
    () => {
      const seen = collector.spans.filter((span) => span.traceId === traceId).map((span) => stepOf(span));
      return also.every((step) => seen.some((each) => each.join() === step.join()));
    },
    { what: `${also.join('; ')} in the trace` },
  );
}

/** Every decision on the link has one line at info, with the trace that it is part of and nothing of what is carried. */
export async function expectDecisionLines(stack: Stack): Promise<void> {
  const decisions = (await decisionsIn(new PlainKafka(stack.kafkaBrokers), stack)).filter(
    ({ key }) => key === LINK,
  );
  const lines = stack
    .program(CONTROLLER)
    .log()
    .split('\n')
    .filter((line) => line.includes('"msg":"decision"'))
    .map((line) => JSON.parse(line))
    .filter((line) => line.connection_id === LINK);
  expect(decisions.length).toBeGreaterThan(2);
  expect(
    lines.map(({ level, type, version, epoch, reason }) => ({ level, type, version, epoch, reason })),
  ).toEqual(
    decisions.map(({ name, data: { version, epoch, reason } }) => ({
      level: 'info',
      type: name,
      version,
      epoch,
      reason,
    })),
  );
  const members = new Set(lines.flatMap((line) => Object.keys(line)));
  expect([...members].filter((member) => !LINE_MEMBERS.includes(member))).toEqual([]);
  expect(lines.at(-1)?.trace_id).toMatch(/^[\da-f]{32}$/);
}

const LINE_MEMBERS = [
  ...['level', 'time', 'pid', 'name', 'part', 'msg'],
  ...['type', 'connection_id', 'reason', 'epoch', 'version', 'phase', 'server_id', 'commands', 'trace_id'],
];
