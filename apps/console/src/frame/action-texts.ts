import type { Action } from '../context.ts';
import { dateTime, plural } from '../format.ts';

export interface ActionTexts {
  readonly heading: string;
  readonly message: string;
  readonly confirmLabel: string;
  readonly tone: 'plain' | 'bad';
  /** Said once the controller has taken it. */
  readonly asked: string;
}

/** What each action is called, and what it will do. */
export function textsOf(action: Action): ActionTexts {
  switch (action.kind) {
    case 'failover':
      return {
        heading: `Move ${action.connection.connection_id}`,
        message: `It is at ${action.connection.server_id ?? action.connection.broker_id ?? 'no server'} under epoch ${action.connection.epoch}. If that changes before the request is decided on, nothing is done.`,
        confirmLabel: 'Ask for the move',
        tone: 'bad',
        asked: `The move of ${action.connection.connection_id} is asked for.`,
      };
    case 'drain':
      return {
        heading: `Drain ${action.agent.agent_id}`,
        message: `${plural(action.agent.connections ?? 0, 'connection')} will leave it, one after another and each between two messages, and no new one comes. It lasts as long as this life of the agent: a restart ends it.`,
        confirmLabel: 'Drain',
        tone: 'bad',
        asked: `The drain of ${action.agent.agent_id} is asked for.`,
      };
    case 'approve':
      return {
        heading: 'Let the failovers go on',
        message: `They are held back because too large a share moves for one cause${action.failover.suppressed?.cause ? ` (${action.failover.suppressed.cause})` : ''}. All connections held for it will move, and for five minutes those that fail for it are not held.`,
        confirmLabel: 'Approve',
        tone: 'bad',
        asked: 'The approval is given.',
      };
    case 'freeze':
      return {
        heading: 'Freeze planned moves',
        message:
          'No planned moves and no failback in this control region until then. What fails is moved all the same.',
        confirmLabel: 'Freeze',
        tone: 'plain',
        asked: 'The freeze is asked for.',
      };
    case 'unfreeze':
      return {
        heading: 'End the freeze',
        message: `It would hold until ${dateTime(action.freeze.until)}. Planned moves and failback go on at once.`,
        confirmLabel: 'End the freeze',
        tone: 'plain',
        asked: 'The end of the freeze is asked for.',
      };
    default:
      return action satisfies never;
  }
}

/** What the dialog's own fields say. */
export interface ActionChoices {
  readonly planned: boolean;
  readonly force: boolean;
  /** Minutes that a freeze lasts. */
  readonly minutes: number;
}

/** The call that asks for it. */
export function callOf(
  action: Action,
  reason: string,
  { planned, force, minutes }: ActionChoices,
  nowMs: number,
): { path: string; body: object } {
  const id = encodeURIComponent;
  switch (action.kind) {
    case 'failover': {
      const { connection_id, epoch } = action.connection;
      const how = { ...(planned && { planned }), ...(force && { force }) };
      return { path: `/connections/${id(connection_id)}/failover`, body: { reason, epoch, ...how } };
    }
    case 'drain':
      return { path: `/agents/${id(action.agent.agent_id)}/drain`, body: { reason } };
    case 'approve':
      return { path: `/failovers/${id(action.failover.failover_id)}/approve`, body: { reason } };
    case 'freeze':
      return { path: '/freeze', body: { reason, until: new Date(nowMs + minutes * 60_000).toISOString() } };
    case 'unfreeze':
      return { path: '/freeze', body: { reason, until: new Date(nowMs - 1_000).toISOString() } };
    default:
      return action satisfies never;
  }
}
