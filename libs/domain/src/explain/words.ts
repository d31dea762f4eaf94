import type { Evidence, LinkDecision, SessionDecision } from '#libs/contracts';
import type { ExplainedEvent } from './types.ts';

/** One decision and the one before it: what a text is made of. */
export interface Told<D extends LinkDecision | SessionDecision = LinkDecision | SessionDecision> {
  readonly event: ExplainedEvent;
  readonly data: D;
  readonly before: D | undefined;
}

/** Why a decision was taken, in words for people and for programs. */
export interface Why {
  readonly text: string;
  readonly detail?: string;
  readonly agent_id?: string;
}

export const toldOf = (events: readonly ExplainedEvent[], index: number): Told => {
  const event = events[index] as ExplainedEvent;
  return { event, data: event.data, before: events[index - 1]?.data };
};

export const evidenceOf = ({ data }: Told): Evidence | undefined => data.evidence[0];

/** A value that the evidence names, as text; absent also where the evidence is another fact than the ones given. */
export function wordOf(told: Told, name: string, ...types: readonly string[]): string | undefined {
  const evidence = evidenceOf(told);
  if (evidence === undefined || (types.length > 0 && !types.includes(evidence.type))) return undefined;
  const value = evidence.values?.[name];
  return value === undefined ? undefined : String(value);
}

/** Texts of others are told within quotation marks, so that nobody takes them for ours. */
export const quoted = (text: string | undefined): string =>
  text === undefined || text === '' ? '' : `, “${text}”`;

/** Words of ours that texts begin with; whatever else they begin with is a name, and keeps its letters. */
const OURS = /^(the|no|nobody|nothing|both|an|a|another|what|bytes|it|its) /i;

export function sentence(...parts: readonly string[]): string {
  const text = parts.filter((part) => part !== '').join(': ');
  return `${OURS.test(text) ? `${text.charAt(0).toUpperCase()}${text.slice(1)}` : text}.`;
}

/** The same text in the middle of a sentence. */
export const within = (text: string): string =>
  OURS.test(text) ? `${text.charAt(0).toLowerCase()}${text.slice(1)}` : text;

/** `a`, `a and b`, `a, b and c`. */
export function listed(parts: readonly string[]): string {
  const last = parts.at(-1) ?? '';
  return parts.length < 2 ? last : `${parts.slice(0, -1).join(', ')} and ${last}`;
}
