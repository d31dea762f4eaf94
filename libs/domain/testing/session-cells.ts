import { FACTS, type FactName, SESSION_PHASES } from '#libs/contracts';
import { type Input, session } from '../src/index.ts';
import { labelOf, UNKNOWN } from './cells.ts';
import { SessionScenario } from './session.ts';
import type { Table } from './table.ts';

const given = () => new SessionScenario();
const requested = () => {
  const s = given();
  s.request();
  return s;
};
const asked = () => {
  const s = requested().answerAll();
  s.target('in-3', { consented: false });
  return s;
};
const redirected = () => {
  const s = requested().answerAll();
  s.target('in-3');
  return s;
};
const assigned = () => {
  const s = redirected().answerAll();
  s.controller('in-3');
  return s;
};
const open = () => given().open('in-3');
const draining = () => {
  const s = open();
  s.agent('agent-drain-requested', 'in-3');
  return s;
};
const interrupted = (reason: string) => () => {
  const s = open();
  s.closed(reason);
  return s;
};
const moving = () => {
  const s = open();
  s.target('in-4', { resumed: true, consented: true });
  return s;
};
const inDoubt = () => {
  const s = open();
  s.agent('agent-silent', 'in-3');
  return s;
};
const ended = () => {
  const s = open();
  s.closed('hung-up');
  return s;
};
/** The controller waits elsewhere, and is told. */
const declined = () => {
  const s = redirected();
  s.closed('declined');
  return s;
};
const expired = () => {
  const s = requested().answerAll();
  s.due();
  return s;
};
const rejected = () => {
  const s = given();
  s.target();
  return s;
};

/** Ways to each phase; some lead to one phase with another past. */
const WAYS: readonly (() => SessionScenario)[] = [
  given,
  requested,
  () => requested().answerAll(),
  asked,
  () => asked().answerAll(),
  redirected,
  () => redirected().answerAll(),
  assigned,
  open,
  draining,
  () => draining().answerAll(),
  interrupted('target-lost'),
  interrupted('controller-lost'),
  moving,
  () => moving().answerAll(),
  inDoubt,
  ended,
  declined,
  expired,
  rejected,
];

type Told = [FactName, object];

/** What may be said of a session in any phase: what fits, and what does not. */
function factsFor(s: SessionScenario): Input[] {
  const told = [...endsFor(s), ...relaysFor(s), ...agentsFor(s), ...answersFor(s)];
  told.push(['failover-requested', { connection_id: s.id, reason: 'wish', requested_by: 'operator' }]);
  const named = new Set(told.map(([name]) => name));
  // What only links, reservations and regions are told of.
  const others = (Object.keys(FACTS) as FactName[]).filter((name) => !named.has(name));
  return [
    ...told.map(([name, data]) => s.fact(name, data)),
    ...others.map((name) => s.fact(name, { connection_id: s.id, epoch: 1 })),
  ];
}

const by = (s: SessionScenario, broker: string, data: object) => ({
  ...{ connection_id: s.id, home_region: 'east', agent_id: broker, broker_id: broker },
  incarnation: s.agents.get(broker)?.incarnation,
  ...data,
});

function endsFor(s: SessionScenario): Told[] {
  const { target, placement } = s.state ?? {};
  const at = placement?.broker_id ?? 'in-3';
  const request = { attachment_id: 'c-9', kind: 'session', controller_id: 'technician' };
  const told: Told[] = ['2026-01-02T00:00:00Z', '2025-01-01T00:00:00Z'].map((expires_at) => [
    'connection-request',
    by(s, 'us-1', { ...request, expires_at }),
  ]);
  for (const identity of ['till-4', 'till-5']) {
    const leg = { attachment_id: 't-9', identity };
    told.push(['target-attached', by(s, 'in-3', leg)]);
    told.push(['target-attached', by(s, 'in-4', { ...leg, resumed: true, consented: false })]);
  }
  if (target) {
    const leg = { attachment_id: target.attachment_id, identity: 'till-4', consented: true };
    told.push(['target-attached', by(s, target.broker_id, leg)]);
  }
  for (const identity of ['technician', 'somebody']) {
    for (const broker of ['us-2', at]) {
      told.push(['controller-attached', by(s, broker, { attachment_id: 'c-9', identity })]);
    }
  }
  return told;
}

function relaysFor(s: SessionScenario): Told[] {
  const { placement, target, controller, epoch: highest = 1 } = s.state ?? {};
  const at = placement?.broker_id ?? 'in-3';
  const epoch = placement?.epoch ?? Math.max(1, highest);
  const told: Told[] = [epoch, epoch + 1].map((each) => ['relay-opened', by(s, at, { epoch: each })]);
  for (const reason of ['hung-up', 'target-lost']) {
    const gone = { epoch, closed_by: 'broker', reason };
    told.push(['relay-closed', by(s, at, gone)]);
    told.push(['relay-closed', by(s, at, { ...gone, epoch: epoch + 1 })]);
    for (const end of [target, controller]) {
      if (end === undefined) continue;
      const { attachment_id } = end;
      told.push(['relay-closed', by(s, end.broker_id, { ...gone, attachment_id })]);
    }
  }
  return told;
}

function agentsFor(s: SessionScenario): Told[] {
  return [...s.agents].flatMap(([agent_id, { incarnation }]): Told[] => {
    const about = { agent_id, incarnation };
    return [
      ['agent-silent', about],
      ['agent-returned', { ...about, kind: 'broker' }],
      ['agent-drain-requested', { ...about, reason: 'upgrade', requested_by: 'operator' }],
    ];
  });
}

function answersFor({ state, id }: SessionScenario): Told[] {
  const answers: Told[] = [];
  const unknown = { command_id: 'nobody/1/x/y', agent_id: 'in-3', incarnation: 'in-3-a', epoch: 1 };
  const asked = [...(state?.pending ?? []).map(({ command }) => command), unknown];
  for (const { command_id, agent_id, incarnation, epoch } of asked) {
    const about = { connection_id: id, home_region: 'east', command_id, agent_id, incarnation, epoch };
    answers.push(['command-succeeded', about], ['command-failed', { ...about, reason: 'internal-error' }]);
    for (const reason of ['expired', 'controller-gone', 'target-gone', 'full']) {
      answers.push(['command-refused', { ...about, reason }]);
    }
  }
  return answers;
}

/** Time, and the fleet that changed. */
function timesFor(s: SessionScenario): [string, Input][] {
  const { state, nowMs, fleet } = s;
  const due = state && session.nextDueMs(state);
  const drains = new Map([...s.agents].map(([id, agent]) => [id, { ...agent, draining: true }]));
  return [
    ['fleet: brokers drain', { kind: 'time', nowMs, fleet: { ...fleet, agents: drains } }],
    ...(due === undefined ? [] : ([['time: due', { kind: 'time', nowMs: due, fleet }]] as [string, Input][])),
  ];
}

/** The table as the code has it: every way to a phase, every input. */
export function enumerateSessions(): Table {
  const table = new Map<string, Map<string, { decisions: Set<string>; ignored: Set<string> }>>(
    [UNKNOWN, ...SESSION_PHASES].map((phase) => [phase, new Map()]),
  );
  for (const way of WAYS) {
    const s = way();
    const inputs: [string, Input][] = [
      ...factsFor(s).map((input): [string, Input] => [
        input.kind === 'fact' ? input.fact.name : 'time',
        input,
      ]),
      ...timesFor(s),
    ];
    const rows = table.get(s.state?.phase ?? UNKNOWN);
    for (const [row, input] of inputs) {
      const cell = rows?.get(row) ?? { decisions: new Set<string>(), ignored: new Set<string>() };
      rows?.set(row, cell);
      const outcome = session.decide(s.id, s.state, input);
      (outcome.kind === 'append' ? cell.decisions : cell.ignored).add(labelOf(outcome));
    }
  }
  return table;
}
