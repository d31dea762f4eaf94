import {
  AGENT_DECISIONS,
  type DecisionBase,
  type FailoverLedger,
  LINK_DECISIONS,
  OWN_SESSION_DECISIONS,
  REGION_DECISIONS,
  RESERVATION_DECISIONS,
  TOPIC,
  topicName,
} from '#libs/contracts';
import { type Decision, type LogObserver, traceOf } from '#libs/log';
import { Counter, Histogram, type Logger, type Registry, traceIdOf } from '#libs/platform';

/** Bounds of the histogram of moves, in seconds: from one round trip to the longest lease and more. */
const MOVE_BUCKETS_S = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

const ALL_DECISIONS = [
  ...LINK_DECISIONS,
  ...OWN_SESSION_DECISIONS,
  ...AGENT_DECISIONS,
  ...RESERVATION_DECISIONS,
  ...REGION_DECISIONS,
];

/** How a decision ends, or holds back, a move. */
const OUTCOMES: Readonly<Record<string, string>> = {
  'failover-completed': 'completed',
  'failover-failed': 'failed',
  'failover-suppressed': 'suppressed',
};

/** The times of a ledger between which each phase of a move lies. */
const PHASES = {
  decide: ['detected_at', 'decided_at'],
  command: ['decided_at', 'commanded_at'],
  activate: ['commanded_at', 'active_at'],
  total: ['detected_at', 'active_at'],
} as const;

export type DecisionObserver = Required<Pick<LogObserver, 'decided'>>;

/** Counts each decision once it stands in the log, and writes its one line: what was decided on whom, and why; no payload. */
export function decisionObserver(region: string, metrics: Registry, logger: Logger): DecisionObserver {
  const registers = [metrics];
  // Taken over at each scrape: a Counter's own way to count costs a look for its labels each time.
  const uncounted = new Map<string, number>();
  const topic = topicName(region, TOPIC.controllerEvents);
  const decisions = new Counter({
    name: 'trunkline_decisions_appended_total',
    help: 'Decisions acknowledged where they were expected, by type',
    labelNames: ['topic', 'type'],
    registers,
    collect() {
      for (const [type, count] of uncounted) this.inc({ topic, type }, count);
      uncounted.clear();
    },
  });
  const failovers = new Counter({
    name: 'trunkline_failovers_total',
    help: 'Moves of links that were completed, failed, or held back, by what began them',
    labelNames: ['reason', 'outcome'],
    registers,
  });
  const took = new Histogram({
    name: 'trunkline_failover_duration_seconds',
    help: 'Time that completed moves of links took, by phase: detected to decided to commanded to active, and in total',
    labelNames: ['phase'],
    buckets: MOVE_BUCKETS_S,
    registers,
  });
  for (const phase of Object.keys(PHASES)) took.zero({ phase });
  // There from the start: what comes into being with its first count has no increase.
  for (const type of ALL_DECISIONS) decisions.inc({ topic, type }, 0);
  return {
    decided: (_topic, decision, headers) => {
      const { name } = decision;
      uncounted.set(name, (uncounted.get(name) ?? 0) + 1);
      const data = decision.data as unknown as Told;
      const outcome = OUTCOMES[name];
      if (outcome !== undefined) {
        failovers.inc({ reason: data.failover?.reason ?? data.reason, outcome });
        if (outcome === 'completed' && data.failover) observeLedger(took, data.failover);
      }
      if (logger.isLevelEnabled('info')) logger.info(lineOf(region, decision, data, headers), 'decision');
    },
  };
}

/** What lines and metrics say of a decision, of whatever it is. */
interface Told extends Partial<DecisionBase<unknown>> {
  readonly version: number;
  readonly reason: DecisionBase['reason'];
  readonly failover?: FailoverLedger;
  readonly agent_id?: string;
  readonly connection_id?: string;
  readonly server_id?: string;
  readonly broker_id?: string;
  readonly phase?: string;
}

function observeLedger(took: Histogram<'phase'>, ledger: FailoverLedger): void {
  for (const [phase, [from, to]] of Object.entries(PHASES)) {
    const [fromText, toText] = [ledger[from], ledger[to]];
    if (fromText === undefined || toText === undefined) continue;
    // Two machines' clocks may differ by more than a phase took.
    took.observe({ phase }, Math.max(0, Date.parse(toText) - Date.parse(fromText)) / 1_000);
  }
}

function lineOf(
  region: string,
  { name, key }: Decision,
  data: Told,
  headers: Readonly<Record<string, string>>,
): object {
  return {
    type: name,
    ...whoOf(region, name, key),
    reason: data.reason,
    epoch: data.epoch,
    version: data.version,
    phase: data.phase,
    server_id: data.server_id,
    broker_id: data.broker_id,
    commands: data.commands?.length,
    trace_id: traceIdOf(traceOf(headers)),
  };
}

const ON_AGENTS: ReadonlySet<string> = new Set(AGENT_DECISIONS);
const ON_REGIONS: ReadonlySet<string> = new Set(REGION_DECISIONS);

function whoOf(region: string, name: string, key: string): object {
  if (ON_AGENTS.has(name)) return { agent_id: key };
  return ON_REGIONS.has(name) ? { control_region: region } : { connection_id: key };
}
