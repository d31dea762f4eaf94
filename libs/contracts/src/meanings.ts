import type { AGENT_DECISIONS, LINK_DECISIONS } from './decisions.ts';
import type { COMMANDS, HandledFactName, REPORTS, WRITER_CLAIMED } from './messages.ts';
import type { REGION_DECISIONS, RESERVATION_DECISIONS } from './other-decisions.ts';
import type { OWN_SESSION_DECISIONS } from './session-decisions.ts';

export interface Meaning {
  /** One sentence for people. */
  readonly meaning: string;
  readonly writtenBy: string;
}

type Described =
  | HandledFactName
  | keyof typeof REPORTS
  | keyof typeof COMMANDS
  | (typeof LINK_DECISIONS)[number]
  | (typeof AGENT_DECISIONS)[number]
  | (typeof RESERVATION_DECISIONS)[number]
  | (typeof REGION_DECISIONS)[number]
  | (typeof OWN_SESSION_DECISIONS)[number]
  | typeof WRITER_CLAIMED;

const bySidecar = (meaning: string): Meaning => ({ meaning, writtenBy: 'client or server sidecar' });
const byClient = (meaning: string): Meaning => ({ meaning, writtenBy: 'client sidecar' });
const byBroker = (meaning: string): Meaning => ({ meaning, writtenBy: 'broker' });
const byMonitor = (meaning: string): Meaning => ({ meaning, writtenBy: 'health monitor' });
const byLoop = (meaning: string): Meaning => ({ meaning, writtenBy: 'control loop' });

/** What each message says and who may say it; the documents of the contract are made of this. */
export const MEANINGS: Readonly<Record<Described, Meaning>> = {
  'connection-request': {
    meaning:
      'A link is wanted; repeated at each start of the client sidecar. `kind: session`: a controller wants a code.',
    writtenBy: 'client sidecar, or any program for it; broker',
  },
  'new-connection-established': byClient('The path of this epoch stands, end to end.'),
  'connection-lost': bySidecar('The agent carried this epoch, has stopped, and never carries it again.'),
  'connection-degraded': byMonitor('The health score fell below its threshold.'),
  'connection-recovered': byMonitor('The health score rose above its threshold.'),
  'connection-closed': byClient('The client gives the link up for good.'),
  'failover-requested': { meaning: 'An operator or a service asks for a move.', writtenBy: 'REST' },
  'command-succeeded': bySidecar('A command was run.'),
  'command-failed': bySidecar('A command was begun and could not be finished.'),
  'command-refused': bySidecar('A command was not begun.'),
  'backend-changed': {
    meaning: 'The pool moved a link to another application pod; no decision was needed.',
    writtenBy: 'server sidecar',
  },
  'agent-silent': byMonitor(
    'Lease plus margin passed without a report of this life: its placements are over.',
  ),
  'agent-returned': byMonitor('An agent that was silent reports again, in a new life.'),
  'agent-drain-requested': { meaning: 'An operator wants an agent to be left.', writtenBy: 'REST' },
  'server-requested': {
    meaning: 'The peer asks for a server for the next placement of a connection that is its own.',
    writtenBy: 'gRPC door',
  },
  'peer-answered': byLoop('How the question that a decision asked of the peer ended.'),
  'policy-change-requested': { meaning: 'An operator sets a policy.', writtenBy: 'REST' },
  'freeze-requested': { meaning: 'An operator wants no planned moves until a time.', writtenBy: 'REST' },
  'failover-approved': {
    meaning: 'An operator agrees that links held back by the blast radius move.',
    writtenBy: 'REST',
  },
  'target-attached': byBroker('A target came, by the code or by the session’s id; or it consented.'),
  'controller-attached': byBroker('The controller came again, redirected or after a broker’s death.'),
  'relay-opened': byBroker('The legs of this epoch are spliced, and both ends were told.'),
  'relay-closed': byBroker('The relay of this epoch is over, or a leg that waited for one.'),
  'health-report': {
    meaning: 'Who the agent is, what it can take, what it carries and how that does.',
    writtenBy: 'every agent',
  },
  'accept-client': byLoop('To the server sidecar: this client will dial for this epoch.'),
  connect: byLoop('To the client sidecar: dial this server sidecar, then let the application through.'),
  'activate-dr-client': byLoop('To a DR client sidecar: as connect, and its application becomes active.'),
  'stop-sending-to-client': byLoop('To the server sidecar: stop carrying this epoch, for ever.'),
  disconnect: byLoop('To the client sidecar: stop carrying this epoch, for ever.'),
  drain: byLoop(
    'To the client sidecar: hold new requests and let responses finish. To a broker: tell both ends to attach elsewhere; with its own id as `connection_id`: all of them, and then end.',
  ),
  'issue-code': byLoop('Give the code to the controller that waits.'),
  'hold-target': byLoop('Keep the target, tell it who controls, and ask for its consent.'),
  'reject-target': byLoop('Tell the target why it is not taken, and close its leg.'),
  'redirect-controller': byLoop('Tell the controller at which broker the session stands.'),
  'open-relay': byLoop('Splice these two legs, each admitted once for this epoch.'),
  'close-relay': byLoop('Close one leg, or all that stands of the session up to this epoch.'),
  'connection-requested': byLoop('The link is wanted and no server fits yet.'),
  'connection-assigned': byLoop(
    'A server was chosen for a link that had none; of a session, both ends are at its broker.',
  ),
  'connection-activated': byLoop(
    'The link carries, for the first time or after waiting for capacity; the session carries.',
  ),
  'connection-marked-degraded': byLoop('The link carries, and badly; or well again.'),
  'failover-started': byLoop('A move began that must wait: for a drain, or for one end to confirm its stop.'),
  'failover-decided': byLoop('The old placement is over and the next server was chosen.'),
  'failover-completed': byLoop('The move is done: the new path carries.'),
  'failover-failed': byLoop('No server fits: the link waits for capacity, or stays where it was.'),
  'failover-suppressed': byLoop('A move was called for and not made; the reason says why.'),
  'connection-ended': byLoop(
    'The link was given up by its client; the session is over, or its code expired.',
  ),
  'connection-rejected': byLoop('The request cannot be met, now or later.'),
  'agent-lost': byLoop('This life of the agent is over.'),
  'agent-recovered': byLoop('The agent lives again.'),
  'agent-draining': byLoop(
    'The agent gets nothing new and what it carries leaves; a broker is told to end, and its answer noted.',
  ),
  'server-reserved': byLoop('At the peer: a server is held for the next placement of a connection.'),
  'server-refused': byLoop('At the peer: no server is held, or no longer; the reason says why.'),
  'policy-changed': byLoop('A policy of the region is as it says from here on.'),
  'freeze-changed': byLoop('No planned moves in the region until the time it names.'),
  'failovers-approved': byLoop('Links held back for this cause are let go.'),
  'connection-code-issued': byLoop('A code leads to this session from here on, until it expires.'),
  'target-accepted': byLoop('This identity is the session’s target, at this broker.'),
  'target-rejected': byLoop('A target was turned away; the reason says why.'),
  'controller-redirected': byLoop('The controller was told where the session stands.'),
  'session-interrupted': byLoop('An end or the broker is lost, or leaves: the session waits for both ends.'),
  'session-resumed': byLoop('The session carries again, at the broker it names.'),
  'writer-claimed': byLoop('Its partition has a new owner; records of earlier owners after it are void.'),
};
