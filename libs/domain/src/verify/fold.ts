import { type LinkDecision, type LinkDecisionName, type LinkPhase, STATUS_OF_PHASE } from '#libs/contracts';
import { alreadyHandled } from '../handled.ts';
import { decisionId } from '../ids.ts';
import { evolve } from '../link/index.ts';
import type { LinkState } from '../link/state.ts';
import type { Findings } from './findings.ts';
import type { LinkHistory } from './history.ts';
import type { AuditRecord, Witness } from './types.ts';

/** Phases in which a placement exists, and those in which none does; `activating` may wait for the peer's answer. */
const PLACED: ReadonlySet<LinkPhase> = new Set(['assigned', 'active', 'degraded', 'draining', 'stopping']);
const UNPLACED: ReadonlySet<LinkPhase> = new Set(['requested', 'waiting-for-capacity', 'ended', 'rejected']);
const OPENING: ReadonlySet<string> = new Set(['accept-client', 'connect', 'activate-dr-client']);

/** One more decision on a link: what it says must follow from the ones before it. */
export function foldLink(
  history: LinkHistory,
  record: AuditRecord,
  isAfterGap: boolean,
  findings: Findings,
): void {
  const data = record.data as LinkDecision;
  const witness: Witness = { place: record.place, name: record.name, timeMs: record.timeMs };
  const before = history.state;
  const differs = (detail: string) =>
    findings.add('state-differs', history.connectionId, detail, witness, history.last);
  let after: LinkState | undefined;
  try {
    // Behind a gap the state before is not the one that was decided on.
    if (!isAfterGap) for (const detail of contradictions(before, record, history.home)) differs(detail);
    after = evolve(before, { name: record.name as LinkDecisionName, data });
  } catch (error) {
    differs(`it cannot be folded: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (after === undefined) return;
  noteEpochs(history, data, witness, findings);
  if (!isAfterGap) noteEnding(history, before, data, witness);
  history.state = after;
  history.last = witness;
}

/** What a decision says that the state before it, or it itself, contradicts. */
function contradictions(before: LinkState | undefined, record: AuditRecord, home: string): string[] {
  const data = record.data as LinkDecision;
  const { phase, placement } = data;
  const found: string[] = [];
  const holds = (condition: boolean, detail: string) => {
    if (!condition) found.push(detail);
  };
  holds(data.connection_id === record.key, `it is on ${data.connection_id}, under the key ${record.key}`);
  holds(data.home_region === home, `its home is ${data.home_region}, in the log of ${home}`);
  holds(
    record.id === decisionId(record.key, data.version),
    `its id is ${record.id}, its version ${data.version}`,
  );
  holds(data.status === STATUS_OF_PHASE[phase], `its status is ${data.status}, its phase ${phase}`);
  holds(!PLACED.has(phase) || placement !== undefined, `it is ${phase} without a placement`);
  holds(!UNPLACED.has(phase) || placement === undefined, `it is ${phase} with a placement`);
  holds(data.server_id === placement?.server_id, `its server is ${data.server_id}, not its placement's`);
  const pending = new Set(before?.pending.map(({ command }) => command.command_id));
  for (const { command_id } of data.ended_commands ?? []) {
    holds(pending.has(command_id), `it ends ${command_id}, which nobody waited for`);
  }
  const { topic, partition, offset } = data.evidence[0] ?? {};
  if (topic !== undefined && partition !== undefined && offset !== undefined) {
    const origin = { topic, partition, offset };
    holds(!alreadyHandled(before?.handled, origin), `it judges ${topic}/${partition}@${offset} once more`);
  }
  for (const command of data.commands) {
    holds(
      command.decision_id === record.id,
      `its command ${command.command_id} names ${command.decision_id}`,
    );
    if (!OPENING.has(command.name)) continue;
    const end = command.name === 'accept-client' ? placement?.server_id : placement?.client_id;
    const opens = command.epoch === placement?.epoch && command.agent_id === end;
    holds(opens, `its command ${command.command_id} opens what is not its placement`);
  }
  return found;
}

function noteEpochs(history: LinkHistory, data: LinkDecision, witness: Witness, findings: Findings): void {
  const { placement } = data;
  const { highest, connectionId } = history;
  const back = (epoch: number, detail: string, other: Witness) =>
    findings.add('epoch-went-back', connectionId, `epoch ${epoch} ${detail}`, witness, other);
  const asking = data.asking?.epoch;
  if (highest !== undefined && data.epoch < highest.epoch) {
    back(data.epoch, `comes after epoch ${highest.epoch}`, highest.by);
    return;
  }
  if (asking !== undefined && asking !== history.asked?.epoch) {
    if (highest !== undefined && asking <= highest.epoch) back(asking, 'is asked for again', highest.by);
    history.asked = { epoch: asking, by: witness };
  }
  if (placement === undefined) return;
  const known = history.given.get(placement.epoch);
  if (known !== undefined) {
    const { client_id, server_id, client_incarnation, server_incarnation } = known.placement;
    const isSame =
      client_id === placement.client_id &&
      server_id === placement.server_id &&
      client_incarnation === placement.client_incarnation &&
      server_incarnation === placement.server_incarnation;
    if (!isSame) back(placement.epoch, 'is given to two placements', known.by);
    else if (placement.epoch === data.epoch) noteIssued(known.issued, data);
    return;
  }
  if (history.asked !== undefined && placement.epoch < history.asked.epoch) {
    back(placement.epoch, `comes after epoch ${history.asked.epoch} was asked for`, history.asked.by);
    return;
  }
  history.highest = { epoch: placement.epoch, by: witness };
  const given = { placement, by: witness, issued: [] };
  noteIssued(given.issued, data);
  history.given.set(placement.epoch, given);
}

function noteIssued(issued: string[], { commands, placement }: LinkDecision): void {
  for (const command of commands) if (command.epoch === placement?.epoch) issued.push(command.command_id);
}

/** A placement existed and does no more: the audit looks at its end cause when all facts are read. */
function noteEnding(
  history: LinkHistory,
  before: LinkState | undefined,
  data: LinkDecision,
  witness: Witness,
): void {
  const old = before?.placement;
  if (before === undefined || old === undefined || old.epoch === data.placement?.epoch) return;
  const given = history.given.get(old.epoch);
  const [evidence] = data.evidence;
  if (evidence?.values?.force === true && !old.leased) {
    if (given) given.forced = witness;
    return;
  }
  history.endings.push({ before, epoch: old.epoch, given: given?.by, by: witness, evidence });
}
