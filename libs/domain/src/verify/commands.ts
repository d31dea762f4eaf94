import type { SidecarCommand } from '#libs/contracts';
import type { DecisionBook } from './decisions.ts';
import type { KnownFact } from './facts.ts';
import type { Findings } from './findings.ts';
import { isMissing } from './history.ts';
import type { AuditRecord, Witness } from './types.ts';

interface Sent {
  readonly connectionId: string;
  readonly home: string;
  readonly decisionId: string;
  readonly by: Witness;
}

interface Answered {
  readonly answer: string;
  readonly by: Witness;
}

const ANSWERS: ReadonlySet<string> = new Set(['command-succeeded', 'command-failed', 'command-refused']);

/** Commands as they were sent, and what their agents answered. */
export class CommandBook {
  count = 0;
  latestMs = 0;
  private readonly sent = new Map<string, Sent>();
  private readonly answers = new Map<string, Answered>();
  private readonly answered = new Set<string>();

  constructor(private readonly findings: Findings) {}

  add({ place, name, timeMs, data }: AuditRecord): void {
    this.count += 1;
    this.latestMs = Math.max(this.latestMs, timeMs);
    const { command_id, connection_id, home_region, decision_id } = data as SidecarCommand;
    // A new owner sends the same one again.
    if (this.sent.has(command_id)) return;
    const by: Witness = { place, name, timeMs };
    this.sent.set(command_id, {
      connectionId: connection_id,
      home: home_region,
      decisionId: decision_id,
      by,
    });
  }

  addAnswer({ fact, witness }: KnownFact): void {
    if (!ANSWERS.has(fact.name) || !('command_id' in fact.data)) return;
    const { command_id, incarnation, connection_id, agent_id } = fact.data;
    this.answered.add(command_id);
    const answer = `${fact.name} ${fact.data.reason ?? ''}`.trim();
    const life = `${command_id} ${incarnation}`;
    const first = this.answers.get(life);
    if (first === undefined) this.answers.set(life, { answer, by: witness });
    else if (first.answer !== answer) {
      const detail = `${agent_id} answered ${command_id} with ${first.answer}, then with ${answer}`;
      this.findings.add('command-ran-twice', connection_id, detail, first.by, witness);
    }
  }

  isAnswered(commandId: string): boolean {
    return this.answered.has(commandId);
  }

  check(decisions: DecisionBook, endMs: number, underWayMs: number): void {
    this.checkSent(decisions);
    for (const { state, last, connectionId } of decisions.links()) {
      const { placement, pending = [], dueMs } = state ?? {};
      if (placement === undefined || (dueMs !== undefined && dueMs + underWayMs >= endMs)) continue;
      for (const { command, giveUpMs } of pending) {
        // What stops an epoch that is over already is told once, and nobody waits for its answer.
        const isWaitedFor = command.epoch === placement.epoch && isEnd(placement, command.agent_id);
        if (!isWaitedFor || this.answered.has(command.command_id)) continue;
        if (giveUpMs + underWayMs >= endMs) continue;
        const detail = `${command.command_id} was neither answered nor superseded nor given up`;
        const issued = decisions.issued.get(command.command_id)?.by;
        const sent = this.sent.get(command.command_id)?.by;
        this.findings.add('command-unended', connectionId, detail, issued, sent ?? last);
      }
    }
  }

  /** Whatever left must stand in a decision that counts. */
  private checkSent(decisions: DecisionBook): void {
    for (const [commandId, { connectionId, home, decisionId, by }] of this.sent) {
      if (decisions.issued.has(commandId)) continue;
      const history = decisions.link(home, connectionId) ?? decisions.sessions.history(home, connectionId);
      const version = Number(decisionId.slice(decisionId.lastIndexOf('/') + 1));
      if (history !== undefined && isMissing(history, version)) continue;
      const written = decisions.voidCommands.get(commandId);
      const why = written ? 'whose decision is void' : 'that no decision holds';
      const detail = `${commandId} was sent, ${why}`;
      this.findings.add('writer-void', connectionId, detail, by, written ?? history?.last);
    }
  }
}

const isEnd = (
  { client_id, server_id }: { client_id: string; server_id: string },
  agentId: string,
): boolean => agentId === client_id || agentId === server_id;
