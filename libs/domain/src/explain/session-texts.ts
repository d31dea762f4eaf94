import type { DecisionReason, SessionDecision } from '#libs/contracts';
import { evidenceOf, quoted, type Told, type Why, wordOf } from './words.ts';

type Session = Told<SessionDecision>;

/** Why a decision on a session was taken. */
export function whyOfSession(told: Session): Why {
  const { reason } = told.data;
  const type = evidenceOf(told)?.type ?? '';
  const byAnswer = type.startsWith('command-') && COMMANDS.has(reason) ? answered(told) : undefined;
  return byAnswer ?? (WHYS[reason] ?? plain)(told);
}

const COMMANDS: ReadonlySet<string> = new Set(['command-failed', 'command-refused', 'answered']);

const plain = ({ data }: Session): Why => ({ text: data.reason.replaceAll('-', ' ') });
const fixed = (text: string, detail?: string) => (): Why => ({
  text,
  ...(detail === undefined ? {} : { detail }),
});
const agent = (id: string | undefined): { agent_id?: string } => (id === undefined ? {} : { agent_id: id });
const brokerOf = ({ data, before }: Session): string | undefined =>
  before?.placement?.broker_id ?? data.placement?.broker_id ?? before?.broker_id ?? data.broker_id;
const targetOf = ({ data, before }: Session): string => data.target_id ?? before?.target_id ?? 'the target';
const controllerOf = ({ data, before }: Session): string =>
  data.controller_id ?? before?.controller_id ?? 'the controller';

function answered(told: Session): Why {
  const verb = evidenceOf(told)?.type.replace('command-', '');
  const [command, detail] = [wordOf(told, 'command'), wordOf(told, 'reason')];
  const broker = brokerOf(told);
  const did = verb === 'succeeded' ? 'has done' : verb;
  const text = `${broker ?? 'its broker'} ${did} ${command ?? 'a command'}${detail === undefined ? '' : ` (${detail})`}`;
  return {
    text,
    ...(detail === undefined ? {} : { detail }),
    ...(verb === 'succeeded' ? {} : agent(broker)),
  };
}

/** The endpoint that the decision turns away, by name. */
const turnedAway =
  (text: (who: string) => string) =>
  (told: Session): Why => {
    const { rejected } = told.data;
    return {
      text: text(rejected?.identity ?? 'the endpoint'),
      ...(rejected ? { detail: rejected.reason } : {}),
    };
  };

function asked(told: Session): Why {
  const who = wordOf(told, 'requested_by', 'failover-requested') ?? 'an operator';
  const detail = wordOf(told, 'reason', 'failover-requested');
  return { text: `${who} asked for a move${quoted(detail)}`, ...(detail === undefined ? {} : { detail }) };
}

function draining(told: Session): Why {
  const broker = brokerOf(told);
  const who = wordOf(told, 'requested_by', 'agent-drain-requested');
  const detail = wordOf(told, 'reason', 'agent-drain-requested');
  const by = who === undefined ? '' : `, as ${who} asked${quoted(detail)}`;
  const text = `the broker ${broker ?? ''} is to be emptied${by}`;
  return { text, ...(detail === undefined ? {} : { detail }), ...agent(broker) };
}

function brokerLost(told: Session): Why {
  const broker = brokerOf(told);
  return { text: `the broker ${broker ?? ''} fell silent: it died, or is cut off`, ...agent(broker) };
}

function hungUp(told: Session): Why {
  const by = told.data.closed?.closed_by;
  const who =
    by === 'controller'
      ? controllerOf(told)
      : by === 'target'
        ? targetOf(told)
        : (brokerOf(told) ?? 'the broker');
  return { text: `${who}${by === undefined ? '' : ` (the ${by})`} hung up`, detail: by ?? 'hung-up' };
}

function shutDown(told: Session): Why {
  const broker = brokerOf(told);
  return { text: `the broker ${broker ?? ''} stops`, ...agent(broker) };
}

/** An end that comes again while its relay stood has lost the broker, or its way there: nobody else told of that yet. */
function attached(told: Session, who: string, end: 'target' | 'controller'): Why {
  const to = told.data[end]?.broker_id ?? told.data.broker_id ?? 'a broker';
  const left = told.before?.phase === 'open' ? told.before.placement?.broker_id : undefined;
  if (left === undefined) return { text: `${who} attached to ${to}` };
  const where =
    left === to ? 'again, for its connection was lost' : `to ${to}, for ${left} died or could not be reached`;
  return { text: `${who} (the ${end}) came ${where}`, detail: 'broker-left', agent_id: left };
}

function missing({ before }: Session): Why {
  const away = [
    before?.target === undefined ? 'the target' : '',
    before?.controller === undefined ? 'the controller' : '',
  ].filter((each) => each !== '');
  const who = away.length === 0 ? 'its ends' : away.join(' and ');
  return {
    text: `${who} did not come back in time`,
    detail: away.join(',').replaceAll('the ', '') || 'ends',
  };
}

const WHYS: Partial<Record<DecisionReason, (told: Session) => Why>> = {
  requested: (told) => ({ text: `${controllerOf(told)} asked for a code` }),
  'target-attached': (told) => attached(told, targetOf(told), 'target'),
  consented: (told) => ({ text: `${targetOf(told)} agreed to be controlled` }),
  redirected: (told) => ({ text: `${controllerOf(told)} was told where to go` }),
  'controller-attached': (told) => attached(told, controllerOf(told), 'controller'),
  established: (told) => ({ text: `${told.data.broker_id ?? 'the broker'} spliced both ends` }),
  'agent-returned': (told) => ({ text: `${told.data.broker_id ?? 'the broker'} was cut off and carried on` }),
  'broker-lost': brokerLost,
  'agent-draining': draining,
  'operator-request': asked,
  'controller-lost': (told) => ({
    text: `${controllerOf(told)} (the controller) is gone`,
    detail: 'controller',
  }),
  'target-lost': (told) => ({ text: `${targetOf(told)} (the target) is gone`, detail: 'target' }),
  'hung-up': hungUp,
  declined: (told) => ({ text: `${targetOf(told)} does not want to be controlled` }),
  gap: fixed('bytes are missing that neither end can give again'),
  'idle-timeout': fixed('nothing was said on it for too long'),
  'protocol-error': fixed('an end said what is none of the protocol'),
  shutdown: shutDown,
  moved: fixed('a later placement took its place'),
  'relay-closed': fixed('the relay that was left is over'),
  'command-timeout': (told) => ({
    text: `${brokerOf(told) ?? 'the broker'} did not answer in time`,
    ...agent(brokerOf(told)),
  }),
  'window-over': missing,
  expired: (told) =>
    told.data.rejected === undefined
      ? { text: 'nobody used the code in time' }
      : turnedAway((who) => `${who} came with a code that has expired`)(told),
  'no-consent': (told) => ({ text: `${targetOf(told)} did not say in time whether it agrees` }),
  'not-redirected': (told) => ({ text: `${controllerOf(told)} did not follow to the broker in time` }),
  'unknown-code': turnedAway((who) => `${who} came with a code that nobody issued`),
  used: turnedAway((who) => `${who} came with a code that another identity used before`),
  'not-allowed': turnedAway((who) => `${who} is a guest, and policy allows none`),
  'other-broker': turnedAway((who) => `${who} was sent to a broker that fits better`),
  'no-capacity': turnedAway((who) => `no broker has room for ${who}`),
  closed: turnedAway((who) => `${who} came when the session was over`),
  'wrong-identity': turnedAway((who) => `${who} is not who the session is bound to`),
  'unknown-client': (told) => ({ text: `${controllerOf(told)} came to a session that nobody issued` }),
};

/** What was decided on a session. */
export function whatOfSession({ data, event }: Session): string {
  switch (event.type) {
    case 'connection-code-issued':
      return `a code leads here${data.expires_at === undefined ? '' : ` until ${data.expires_at}`}`;
    case 'target-accepted':
      return `the target is held at ${data.broker_id ?? 'its broker'} under epoch ${data.epoch}`;
    case 'target-rejected':
      return 'turned away';
    case 'controller-redirected':
      return `the controller goes to ${data.placement?.broker_id ?? data.broker_id ?? 'the broker'}`;
    case 'connection-assigned':
      return `${data.placement?.broker_id ?? 'the broker'} is to splice both ends`;
    case 'connection-activated':
      return `open at ${data.placement?.broker_id ?? 'its broker'} under epoch ${data.epoch}`;
    case 'session-interrupted':
      return data.phase === 'draining'
        ? 'both ends were told to go elsewhere while the relay stands'
        : `interrupted${data.window_ends_at === undefined ? '' : `, and its ends may come again until ${data.window_ends_at}`}`;
    case 'session-resumed':
      return `open again at ${data.placement?.broker_id ?? 'its broker'} under epoch ${data.epoch}`;
    case 'connection-ended':
      return data.phase === 'expired' ? 'the code expired' : 'the session is over';
    case 'connection-rejected':
      return 'rejected';
    default:
      return event.type.replaceAll('-', ' ');
  }
}
