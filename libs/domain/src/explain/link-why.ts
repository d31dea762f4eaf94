import type { DecisionReason, LinkDecision } from '#libs/contracts';
import { lossOf, pathOf, percent, round, termsOf } from './link-losses.ts';
import { evidenceOf, quoted, type Told, type Why, wordOf } from './words.ts';

type Link = Told<LinkDecision>;

/** Reasons of decisions after which a move that was called for is not made, or not yet. */
export const CAME_TO_NOTHING: ReadonlySet<string> = new Set([
  'damping',
  'agent-flapping',
  'blast-radius',
  'freeze',
  'no-capacity',
  'no-other-server',
  'client-unheard',
]);

/** Why a decision on a link was taken. */
export function whyOfLink(told: Link): Why {
  const evidence = evidenceOf(told);
  const called = CAME_TO_NOTHING.has(told.data.reason) && evidence?.event_id !== undefined;
  const answer = BY_ANSWER[evidence?.type ?? '']?.(told);
  return answer ?? (called ? calledFor(told) : undefined) ?? (WHYS[told.data.reason] ?? plain)(told);
}

/** What is held back was called for by something: that is the reason, and the hold is what was decided. */
function calledFor(told: Link): Why | undefined {
  const began = told.data.failover?.reason;
  if (began === undefined || CAME_TO_NOTHING.has(began)) return undefined;
  return (WHYS[began] ?? plain)(told);
}

/** What an answer to a command or a question says for itself, whatever the move began with. */
const BY_ANSWER: Readonly<Record<string, (told: Link) => Why | undefined>> = {
  'command-succeeded': (told) => {
    const command = wordOf(told, 'command');
    const id = CLIENTS.has(command ?? '') ? pathOf(told)?.client_id : pathOf(told)?.server_id;
    return command === undefined ? undefined : { text: `${id ?? 'an end'} has done ${command}` };
  },
  'peer-answered': (told) => {
    const { peer_region = 'the peer', outcome = wordOf(told, 'outcome') } = told.data.peer ?? {};
    return { text: `the peer ${peer_region} ${saidOf(outcome, told.data.peer?.reason)}` };
  },
  timeout: (told) =>
    told.before?.asking && told.data.asking === undefined
      ? { text: `the peer ${told.before.asking.peer_region} did not answer in time` }
      : undefined,
};

const saidOf = (outcome: string | undefined, reason: string | undefined): string =>
  `${PEER_SAID[outcome ?? ''] ?? `answered ${outcome}`}${reason === undefined ? '' : ` (${reason})`}`;

const PEER_SAID: Readonly<Record<string, string>> = {
  assigned: 'named a server',
  refused: 'refused',
  scaling: 'has no server yet and is making one',
  timeout: 'did not answer in time',
  unreachable: 'could not be reached',
  'circuit-open': 'was not asked, because it failed so often lately',
  overloaded: 'was not asked, because too many questions are open',
  'invalid-answer': 'answered what is no answer',
};

const serverOf = (told: Link): string => pathOf(told)?.server_id ?? told.data.failover?.from ?? 'its server';
const agent = (id: string | undefined): { agent_id?: string } => (id === undefined ? {} : { agent_id: id });
const fixed = (text: string) => (): Why => ({ text });
const plain = ({ data }: Link): Why => ({ text: data.reason.replaceAll('-', ' ') });

const CLIENTS: ReadonlySet<string> = new Set(['connect', 'activate-dr-client', 'disconnect', 'drain']);

/** An agent did not do what it was told. */
function answered(told: Link, verb: string): Why {
  const fact = `command-${verb}`;
  const command = wordOf(told, 'command', fact);
  const detail = wordOf(told, 'reason', fact);
  const placement = pathOf(told);
  const id = CLIENTS.has(command ?? '') ? placement?.client_id : placement?.server_id;
  const named = command === undefined ? 'a command' : `the command ${command}`;
  // A client that can't dial its server is not the one that failed.
  const failed = id === placement?.client_id && BY_SERVER.has(detail ?? '') ? placement?.server_id : id;
  const text = `${id ?? 'an agent'} ${verb} ${named}${detail === undefined ? '' : ` (${detail})`}`;
  return { text, ...(detail === undefined ? {} : { detail }), ...agent(failed) };
}
const BY_SERVER: ReadonlySet<string> = new Set([
  'dial-failed',
  'dial-timeout',
  'handshake-refused',
  'no-backend',
]);

function silent(told: Link): Why {
  const id = wordOf(told, 'agent_id', 'agent-silent') ?? pathOf(told)?.server_id;
  return {
    text: `${id ?? 'an agent'} fell silent: no health report for its whole lease and a margin`,
    ...agent(id),
  };
}

function unanswered(told: Link): Why {
  const server = serverOf(told);
  const share = percent(wordOf(told, 'unanswered_ratio', 'connection-degraded'));
  const points = wordOf(told, 'unanswered', 'connection-degraded');
  const terms = termsOf(told);
  const by = [share === undefined ? '' : `${share} of those due`, terms]
    .filter((each) => each !== '')
    .join('; ');
  return {
    text: `${server} takes requests and leaves them unanswered${by === '' ? '' : ` (${by})`}`,
    detail: points === undefined ? 'unanswered' : `unanswered −${round(Number(points))}`,
    ...agent(server),
  };
}

function degraded(told: Link): Why {
  const score = wordOf(told, 'health_score', 'connection-degraded') ?? told.data.health_score;
  const terms = termsOf(told);
  const figures = [score === undefined ? '' : `health score ${score}`, terms].filter((each) => each !== '');
  const text = `the path on ${serverOf(told)} does badly${figures.length === 0 ? '' : ` (${figures.join('; ')})`}`;
  return { text, ...(terms === '' ? {} : { detail: terms }), ...agent(pathOf(told)?.server_id) };
}

function asked(told: Link): Why {
  const said = (name: string) => wordOf(told, name, 'failover-requested');
  const how = said('planned') === 'true' ? 'a planned move' : 'a move';
  const forced = said('force') === 'true' ? ' by force' : '';
  const detail = said('reason');
  const text = `${said('requested_by') ?? 'an operator'} asked for ${how}${forced}${quoted(detail)}`;
  return { text, ...(detail === undefined ? {} : { detail }) };
}

function draining(told: Link): Why {
  const client = told.data.reason === 'client-draining' || told.data.leave === 'client-draining';
  const named = wordOf(told, 'agent_id', 'agent-drain-requested');
  const id = named ?? (client ? pathOf(told)?.client_id : serverOf(told));
  const who = wordOf(told, 'requested_by', 'agent-drain-requested');
  const why = wordOf(told, 'reason', 'agent-drain-requested');
  const by = who === undefined ? '' : `, as ${who} asked${quoted(why)}`;
  return {
    text: `${id ?? 'its agent'} is to be emptied${by}`,
    ...(why === undefined ? {} : { detail: why }),
    ...agent(id),
  };
}

function clientAway(text: string) {
  return ({ data }: Link): Why => ({ text: `${data.client_id} ${text}`, agent_id: data.client_id });
}

const WHYS: Partial<Record<DecisionReason, (told: Link) => Why>> = {
  requested: ({ data }) => ({ text: `${data.request?.client_id ?? data.client_id} asked for this link` }),
  established: ({ data }) => ({
    text: `${data.client_id} reported that its path to ${data.server_id ?? 'its server'} stands`,
  }),
  'server-lost': (told) => lossOf(told, 'server'),
  'client-lost': (told) => lossOf(told, 'client'),
  'peer-lost': (told) => lossOf(told, 'server'),
  'agent-silent': silent,
  'client-restarted': clientAway('began a new life'),
  'client-unheard': clientAway('was not heard lately'),
  'command-refused': (told) => answered(told, 'refused'),
  'command-failed': (told) => answered(told, 'failed'),
  'command-timeout': fixed('the time for an answer passed'),
  degraded,
  recovered: (told) => ({ text: `the path on ${serverOf(told)} does well again` }),
  'unanswered-requests': unanswered,
  'better-capacity': fixed('the path does badly, and a better server stood ready all the while'),
  'operator-request': asked,
  'operator-force': asked,
  'agent-draining': draining,
  'client-draining': draining,
  'no-other-server': fixed('no other server fits'),
  'no-capacity': fixed('no server of the group can take it'),
  'capacity-available': fixed('the fleet can take it now'),
  'drain-finished': fixed('the responses that were due came in'),
  stopped: fixed('an end confirmed that it stopped'),
  'closed-by-client': (told) => {
    const detail = wordOf(told, 'reason');
    return {
      text: `${told.data.client_id} gave the link up${quoted(detail)}`,
      ...(detail ? { detail } : {}),
    };
  },
  'invalid-request': (told) => ({
    text: `the request was not valid: ${wordOf(told, 'detail') ?? 'no detail'}`,
  }),
  failback: (told) =>
    wordOf(told, 'requested_by', 'failover-requested') === undefined
      ? { text: 'the client that asked for the link was well for the whole time that its policy wants' }
      : asked(told),
  'agent-returned': fixed('the client that asked for the link is well again'),
  standby: fixed('the client that does not carry the link is there again'),
  'failover-target-changed': fixed('another server would be next'),
  'suppression-over': fixed('what held the move back is over'),
  approved: fixed('an operator agreed to the move'),
};
