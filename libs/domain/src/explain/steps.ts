import type { LinkDecision, SessionDecision } from '#libs/contracts';
import type { CommandOutcome, ExplainedCommand, ExplainedEvent, ExplainedStep, StepTimes } from './types.ts';

type Data = LinkDecision | SessionDecision;

/** How each command came to its end, by its id: told by the decision that ended it. */
export class CommandEnds {
  private readonly ends = new Map<string, { how: string; by: ExplainedEvent }>();

  constructor(events: readonly ExplainedEvent[]) {
    for (const by of events) {
      for (const { command_id, how } of by.data.ended_commands ?? []) this.ends.set(command_id, { how, by });
    }
  }

  commandsOf({ data }: ExplainedEvent): ExplainedCommand[] {
    return data.commands.map(({ command_id, name, agent_id }) => ({
      command_id,
      name,
      agent_id,
      ...this.endOf(command_id, name),
    }));
  }

  /** When the first of these commands was answered, as whoever answered says. */
  acknowledgedAt({ data }: ExplainedEvent): string | undefined {
    const times = data.commands.flatMap(({ command_id, name }) => {
      const end = this.ends.get(command_id);
      if (end === undefined || (end.how !== 'answered' && !isDoneBy(end.by, name))) return [];
      return end.by.data.evidence[0]?.time ?? [];
    });
    return times.sort()[0];
  }

  private endOf(commandId: string, name: string): { outcome?: CommandOutcome; reason?: string } {
    const end = this.ends.get(commandId);
    if (end === undefined) return {};
    if (end.how === 'given-up') return { outcome: 'unanswered' };
    if (end.how === 'superseded') return { outcome: isDoneBy(end.by, name) ? 'succeeded' : 'superseded' };
    return answerOf(end.by);
  }
}

const OPENING: ReadonlySet<string> = new Set([
  'accept-client',
  'connect',
  'activate-dr-client',
  'hold-target',
  'redirect-controller',
  'open-relay',
]);
const STANDS: ReadonlySet<string> = new Set(['new-connection-established', 'relay-opened']);

/** A path that stands is the answer to what opened it. */
const isDoneBy = ({ data }: ExplainedEvent, name: string): boolean =>
  OPENING.has(name) && STANDS.has(data.evidence[0]?.type ?? '');

function answerOf({ data }: ExplainedEvent): { outcome: CommandOutcome; reason?: string } {
  const [answer] = data.evidence;
  const word = answer?.values?.reason;
  const said = typeof word === 'string' && word !== 'done' ? { reason: word } : {};
  if (answer?.type === 'command-refused') return { outcome: 'refused', ...said };
  return answer?.type === 'command-failed' ? { outcome: 'failed', ...said } : { outcome: 'succeeded' };
}

/** A decision as a step of the chain; `text` says what it is about. */
export function stepOf(event: ExplainedEvent, step: number, text: string, ends: CommandEnds): ExplainedStep {
  const { data } = event;
  const { failover } = data;
  return {
    step,
    event_id: event.event_id,
    type: event.type,
    time: event.time,
    partition: event.partition,
    offset: event.offset,
    phase: data.phase,
    epoch: data.epoch,
    reason: data.reason,
    text,
    evidence: data.evidence,
    rule: data.rule,
    policy_version: data.policy_version,
    ...(data.policy === undefined ? {} : { policy: data.policy }),
    ...(failover === undefined ? {} : { failover_id: failover.failover_id }),
    ...(data.candidates === undefined ? {} : { candidates: data.candidates }),
    ...(data.kind === 'link' && data.suppressed ? { suppressed: data.suppressed } : {}),
    commands: ends.commandsOf(event),
    times: timesOf(event, ends),
  };
}

function timesOf(event: ExplainedEvent, ends: CommandEnds): StepTimes {
  const { data } = event;
  const detected = data.failover?.detected_at ?? factTime(data);
  const acknowledged = ends.acknowledgedAt(event);
  const { commanded_at, active_at } = data.failover ?? {};
  return {
    ...(detected === undefined ? {} : { detected_at: detected }),
    decided_at: data.decided_at,
    ...(commanded_at === undefined ? {} : { commanded_at }),
    ...(acknowledged === undefined ? {} : { acknowledged_at: acknowledged }),
    ...(active_at === undefined ? {} : { active_at }),
  };
}

const factTime = ({ evidence: [first] }: Data): string | undefined =>
  first?.event_id === undefined ? undefined : first.time;
