import { messageType } from '#libs/contracts';

interface Record {
  readonly id: string;
  readonly type: string;
  readonly key: string;
}

const OPENING = new Set(['accept-client', 'connect'].map(messageType));

/** The first epoch is the placement's, and what comes after it a move's. */
const ofGroup = (text: string, group: string): boolean => new RegExp(`:${group}-\\d+(/|$)`).test(text);

export const isLostLink = ({ type, key }: Record, group: string): boolean =>
  type === messageType('connection-lost') && ofGroup(key, group);

export const isDecisionOfMove = ({ type, key }: Record, group: string): boolean =>
  type === messageType('failover-decided') && ofGroup(key, group);

/** Commands have their connection and the version of their decision in their id: a first placement's is 1. */
export const isCommandOfMove = ({ type, id }: Record, group: string): boolean =>
  OPENING.has(type) && ofGroup(id, group) && !/\/1\/[^/]+\/[^/]+$/.test(id);
