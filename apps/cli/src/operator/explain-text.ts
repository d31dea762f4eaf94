import type { Desk } from './desk.ts';
import { colourOf } from './style.ts';
import { printable } from './table.ts';
import { betweenText } from './times.ts';

interface Place {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly type?: string;
  readonly time?: string;
  readonly agent_id?: string;
}

interface Cause {
  readonly step: number | string;
  readonly event_id: string;
  readonly type: string;
  readonly time: string;
  readonly reason?: string;
  readonly text?: string;
  readonly evidence?: readonly Partial<Place>[];
  readonly rule?: string;
  readonly policy?: string;
  readonly policy_version?: number;
  readonly candidates?: readonly { agent_id: string; score?: number; excluded?: string }[];
  readonly suppressed?: unknown;
  readonly commands?: readonly { name: string; agent_id: string; outcome?: string; reason?: string }[];
  readonly times?: Readonly<Record<string, string | undefined>>;
}

/** What `/connections/{id}/explain` answers, as far as it is put into words. */
export interface ExplainView {
  readonly connection_id: string;
  readonly kind: string;
  readonly at: string;
  readonly status: string;
  readonly phase: string;
  readonly epoch: number;
  readonly client_id?: string;
  readonly server_id?: string;
  readonly broker_id?: string;
  readonly summary: string;
  readonly causes: readonly Cause[];
  readonly why_not?: readonly { question: string; answer: string; since?: string; until?: string }[];
}

const TIMES = ['detected_at', 'decided_at', 'commanded_at', 'acknowledged_at', 'active_at'] as const;

/** The chain from cause to state, oldest first, as a person reads it. */
export function explainText(view: ExplainView, { style }: Desk): string {
  const { summary, status, phase, epoch, causes, why_not = [] } = view;
  const lines = [
    style('bold', printable(summary)),
    `${view.kind} ${view.connection_id}  ${style(colourOf(status), status)} / ${phase}  epoch ${epoch}  as of ${view.at}`,
  ];
  for (const [index, cause] of causes.entries()) lines.push('', ...causeLines(cause, index + 1, style));
  if (why_not.length > 0) lines.push('', style('bold', 'Why not'));
  for (const { question, answer, since, until } of why_not) {
    lines.push(`  ${printable(question)}`, `    ${printable(answer)}`);
    if (since !== undefined || until !== undefined) {
      lines.push(
        style(
          'dim',
          `    ${[since && `since ${since}`, until && `until ${until}`].filter(Boolean).join(', ')}`,
        ),
      );
    }
  }
  return `${lines.join('\n')}\n`;
}

function causeLines(cause: Cause, number: number, style: Desk['style']): string[] {
  const { type, time, text, reason, evidence = [], candidates = [], commands = [], times = {} } = cause;
  const lines = [`${style('cyan', `${number}. ${type}`)}  ${style('dim', time)}`];
  if (text !== undefined) lines.push(`   ${printable(text)}`);
  const by = [
    reason && `reason ${reason}`,
    cause.rule && `rule ${cause.rule}`,
    cause.policy_version !== undefined &&
      `policy ${cause.policy ?? 'defaults'} version ${cause.policy_version}`,
  ].filter(Boolean);
  if (by.length > 0) lines.push(style('dim', `   ${by.join(', ')}`));
  for (const one of evidence) lines.push(`   ${style('dim', 'evidence  ')} ${placeText(one)}`);
  if (candidates.length > 0) {
    const told = candidates.map(({ agent_id, score, excluded }) =>
      excluded === undefined ? `${agent_id} ${score ?? ''}`.trim() : `${agent_id} (${excluded})`,
    );
    lines.push(`   ${style('dim', 'candidates')} ${told.join(', ')}`);
  }
  for (const { name, agent_id, outcome, reason: why } of commands) {
    lines.push(
      `   ${style('dim', 'command   ')} ${name} to ${agent_id}: ${outcome ?? 'no answer yet'}${why ? ` (${why})` : ''}`,
    );
  }
  const told = TIMES.filter((name) => times[name] !== undefined).map((name, index, all) => {
    const before = index === 0 ? undefined : times[all[index - 1] ?? ''];
    return `${name.replace('_at', '')} ${before === undefined ? times[name] : `+${betweenText(before, times[name])}`}`;
  });
  if (told.length > 0) lines.push(`   ${style('dim', 'times     ')} ${told.join(', ')}`);
  return lines;
}

function placeText({ topic, partition, offset, type, time, agent_id }: Partial<Place>): string {
  const place = topic === undefined ? '' : `${topic}/${partition}@${offset}`;
  return [type, place, agent_id && `from ${agent_id}`, time].filter(Boolean).join('  ');
}
