import { duration, words } from '../format.ts';
import type { ConnectionEvent, Figure, Health } from '../model.ts';
import { healthOfConnection } from './health.ts';

/** What of a decision's data is worth a line; the log's own names. */
export interface DecisionGist {
  readonly phase?: string;
  readonly status?: string;
  readonly reason?: string;
  readonly epoch?: number;
  /** Where it stands after the decision. */
  readonly place?: string;
  readonly requestedBy?: string;
  readonly health: Health;
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

export function gistOf({ data }: Pick<ConnectionEvent, 'data'>): DecisionGist {
  const phase = text(data.phase);
  const status = text(data.status);
  const reason = text(data.reason);
  const place = text(data.broker_id) ?? text(data.server_id);
  const requestedBy = text(data.requested_by);
  return {
    ...(phase && { phase }),
    ...(status && { status }),
    ...(reason && { reason }),
    ...(typeof data.epoch === 'number' && { epoch: data.epoch }),
    ...(place && { place }),
    ...(requestedBy && { requestedBy }),
    health: healthOfConnection({ status: status ?? '', ...(phase && { phase }) }),
  };
}

/** One of them in words: `damping_window_ms`, 60000 is `damping window`, `1 min`. */
export function figureOf([name, value]: [string, Figure]): [name: string, value: string] {
  const inMs = name.endsWith('_ms') && typeof value === 'number';
  const said = words(inMs ? name.slice(0, -3) : name).replaceAll('_', ' ');
  return [said, inMs ? duration(value) : String(value)];
}

/** Named figures as a line: `moves 3, window 10 min`. */
export function figuresOf(values: Readonly<Record<string, Figure>>): string {
  return Object.entries(values)
    .map((each) => figureOf(each).join(' '))
    .join(', ');
}
