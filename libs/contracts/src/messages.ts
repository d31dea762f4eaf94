import * as commands from './commands.ts';
import { AGENT_DECISIONS, LINK_DECISIONS } from './decisions.ts';
import * as facts from './facts.ts';
import type { MessageClass } from './fields.ts';
import { HealthReport } from './health-report.ts';
import { TOPIC, type TopicBase } from './names.ts';
import { REGION_DECISIONS, RESERVATION_DECISIONS } from './other-decisions.ts';
import * as brokers from './session-commands.ts';
import { OWN_SESSION_DECISIONS } from './session-decisions.ts';
import * as sessions from './session-facts.ts';

/** `control_region`: the key is `region/<control_region>`. */
export type KeyMember = 'connection_id' | 'agent_id' | 'control_region';

export interface MessageDefinition {
  readonly topic: TopicBase;
  /** What validates the data where it enters; absent: our own loops wrote it. */
  readonly schema?: MessageClass;
  /** What validates data of this `kind` instead. */
  readonly ofKind?: Readonly<Record<string, MessageClass>>;
  /** The member of the data that the record's key must equal. */
  readonly key: KeyMember;
  /** The member of the data that owns the connection: its id is `<owner>:<name>`. */
  readonly ownedBy?: 'client_id';
  /** A second topic on which it stands: what sidecars and brokers are both told. */
  readonly alsoOn?: TopicBase;
}

const fact = (schema: MessageClass): MessageDefinition => ({
  topic: TOPIC.connectionStatus,
  schema,
  key: 'connection_id',
});
const agentFact = (schema: MessageClass): MessageDefinition => ({ ...fact(schema), key: 'agent_id' });
const regionFact = (schema: MessageClass): MessageDefinition => ({ ...fact(schema), key: 'control_region' });
const command = (schema: MessageClass): MessageDefinition => ({
  topic: TOPIC.failoverCommands,
  schema,
  key: 'agent_id',
});
const brokerCommand = (schema: MessageClass): MessageDefinition => ({
  ...command(schema),
  topic: TOPIC.relayCommands,
});

export const FACTS = {
  'connection-request': {
    ...fact(facts.ConnectionRequest),
    ownedBy: 'client_id',
    ofKind: { session: sessions.SessionRequest },
  },
  'new-connection-established': fact(facts.NewConnectionEstablished),
  'connection-lost': fact(facts.ConnectionLost),
  'connection-degraded': fact(facts.ConnectionDegraded),
  'connection-recovered': fact(facts.ConnectionRecovered),
  'connection-closed': fact(facts.ConnectionClosed),
  'failover-requested': fact(facts.FailoverRequested),
  'command-succeeded': fact(facts.CommandSucceeded),
  'command-failed': fact(facts.CommandFailed),
  'command-refused': fact(facts.CommandRefused),
  'backend-changed': fact(facts.BackendChanged),
  'agent-silent': agentFact(facts.AgentSilent),
  'agent-returned': agentFact(facts.AgentReturned),
  'agent-drain-requested': agentFact(facts.AgentDrainRequested),
  'server-requested': fact(facts.ServerRequested),
  'peer-answered': fact(facts.PeerAnswered),
  'policy-change-requested': regionFact(facts.PolicyChangeRequested),
  'freeze-requested': regionFact(facts.FreezeRequested),
  'failover-approved': regionFact(facts.FailoverApproved),
  'target-attached': fact(sessions.TargetAttached),
  'controller-attached': fact(sessions.ControllerAttached),
  'relay-opened': fact(sessions.RelayOpened),
  'relay-closed': fact(sessions.RelayClosed),
} as const satisfies Record<string, MessageDefinition>;
export type FactName = keyof typeof FACTS;

/** The data of each fact that this version handles. */
export interface FactData {
  'connection-request': facts.ConnectionRequest | sessions.SessionRequest;
  'new-connection-established': facts.NewConnectionEstablished;
  'connection-lost': facts.ConnectionLost;
  'connection-degraded': facts.ConnectionDegraded;
  'connection-recovered': facts.ConnectionRecovered;
  'connection-closed': facts.ConnectionClosed;
  'failover-requested': facts.FailoverRequested;
  'command-succeeded': facts.CommandSucceeded;
  'command-failed': facts.CommandFailed;
  'command-refused': facts.CommandRefused;
  'backend-changed': facts.BackendChanged;
  'agent-silent': facts.AgentSilent;
  'agent-returned': facts.AgentReturned;
  'agent-drain-requested': facts.AgentDrainRequested;
  'server-requested': facts.ServerRequested;
  'peer-answered': facts.PeerAnswered;
  'policy-change-requested': facts.PolicyChangeRequested;
  'freeze-requested': facts.FreezeRequested;
  'failover-approved': facts.FailoverApproved;
  'target-attached': sessions.TargetAttached;
  'controller-attached': sessions.ControllerAttached;
  'relay-opened': sessions.RelayOpened;
  'relay-closed': sessions.RelayClosed;
}
export type HandledFactName = keyof FactData;

export const REPORTS = {
  'health-report': { topic: TOPIC.healthReports, schema: HealthReport, key: 'agent_id' },
} as const satisfies Record<string, MessageDefinition>;

export const COMMANDS = {
  'accept-client': command(commands.AcceptClient),
  connect: command(commands.Connect),
  'activate-dr-client': command(commands.ActivateDrClient),
  'stop-sending-to-client': command(commands.StopSendingToClient),
  disconnect: command(commands.Disconnect),
  drain: { ...command(commands.Drain), alsoOn: TOPIC.relayCommands },
  'issue-code': brokerCommand(brokers.IssueCode),
  'hold-target': brokerCommand(brokers.HoldTarget),
  'reject-target': brokerCommand(brokers.RejectTarget),
  'redirect-controller': brokerCommand(brokers.RedirectController),
  'open-relay': brokerCommand(brokers.OpenRelay),
  'close-relay': brokerCommand(brokers.CloseRelay),
} as const satisfies Record<string, MessageDefinition>;

const decision = (key: KeyMember) => (name: string) =>
  [name, { topic: TOPIC.controllerEvents, key }] as const;

export const DECISIONS: Readonly<Record<string, MessageDefinition>> = Object.fromEntries([
  ...LINK_DECISIONS.map(decision('connection_id')),
  ...AGENT_DECISIONS.map(decision('agent_id')),
  ...RESERVATION_DECISIONS.map(decision('connection_id')),
  ...REGION_DECISIONS.map(decision('control_region')),
  ...OWN_SESSION_DECISIONS.map(decision('connection_id')),
]);

/** `writer-claimed`, the record that fences; of no aggregate. */
export const WRITER_CLAIMED = 'writer-claimed';
/** Records of `connection-state`. */
export const STATE_RECORDS = { snapshot: 'snapshot', checkpoint: 'checkpoint' } as const;

const BY_NAME: ReadonlyMap<string, MessageDefinition> = new Map(
  Object.entries<MessageDefinition>({
    ...FACTS,
    ...REPORTS,
    ...COMMANDS,
    ...DECISIONS,
  }),
);

/** The definition of a message by its short name; undefined: nobody has that name. */
export function messageDefinition(name: string): MessageDefinition | undefined {
  return BY_NAME.get(name);
}
