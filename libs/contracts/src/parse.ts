import type { DeadLetterReason } from './codes.ts';
import { LIMITS } from './limits.ts';
import { type MessageDefinition, messageDefinition, STATE_RECORDS, WRITER_CLAIMED } from './messages.ts';
import {
  baseOfTopic,
  MESSAGE_TYPE_PREFIX,
  MESSAGE_VERSION,
  regionKey,
  regionOfTopic,
  TOPIC,
} from './names.ts';
import { checkOf } from './validation/compile.ts';

/** Why a record is not taken: a code for machines, and a text for people that never holds a payload. */
export interface Rejection {
  readonly ok: false;
  readonly reason: DeadLetterReason;
  readonly detail: string;
}
export type ParsedName = { readonly ok: true; readonly name: string } | Rejection;
export type ParsedMessage<T extends object = object> = { readonly ok: true; readonly data: T } | Rejection;

/** Records by which the log keeps itself; libs/log reads their data. */
const LOGS_OWN: ReadonlySet<string> = new Set([WRITER_CLAIMED, ...Object.values(STATE_RECORDS)]);
const LOGS_TOPICS: ReadonlySet<string> = new Set([TOPIC.controllerEvents, TOPIC.connectionState]);

const TYPE_PATTERN = /^(.+)\.v(\d{1,9})$/;

function rejected(reason: DeadLetterReason, detail: string): Rejection {
  return { ok: false, reason, detail: bounded(detail, LIMITS.detailLength) };
}

function bounded(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

/** What a detail shows of a name that somebody else wrote. */
function shown(text: string): string {
  return JSON.stringify(bounded(text, LIMITS.echoLength));
}

/** The short name of a `ce_type`: `connection-lost` of `trunkline.connection-lost.v1`. */
export function parseType(type: string): ParsedName {
  if (!type.startsWith(MESSAGE_TYPE_PREFIX))
    return rejected('unknown-type', `type ${shown(type)} is not ours`);
  const [, name, version] = TYPE_PATTERN.exec(type.slice(MESSAGE_TYPE_PREFIX.length)) ?? [];
  if (name === undefined || (messageDefinition(name) === undefined && !LOGS_OWN.has(name)))
    return rejected('unknown-type', `type ${shown(type)} is not known`);
  if (version !== String(MESSAGE_VERSION)) {
    return rejected('unknown-version', `${name} is read in version ${MESSAGE_VERSION}, not ${version}`);
  }
  return { ok: true, name };
}

/**
 * Takes the data of a message, as JSON.parse gave it, if it is what its name promises. The answer's data is
 * the given object itself: members that are not known stay, so that a newer program may say more.
 * `name` is a short name or a whole `ce_type`; with a topic, the message must also be one that belongs there.
 */
export function parseMessage<T extends object = object>(
  name: string,
  data: unknown,
  topic?: string,
): ParsedMessage<T> {
  if (name.startsWith(MESSAGE_TYPE_PREFIX)) {
    const type = parseType(name);
    return type.ok ? parseMessage<T>(type.name, data, topic) : type;
  }
  if (LOGS_OWN.has(name)) return parseLogsOwn(name, data, topic);
  const definition = messageDefinition(name);
  if (definition === undefined) return rejected('unknown-type', `message ${shown(name)} is not known`);
  if (topic !== undefined && !belongs(definition, baseOfTopic(topic)))
    return rejected('wrong-topic', `${name} belongs to ${definition.topic}`);
  if (!isPlainObject(data)) return rejected('invalid-data', `${name}: data must be an object`);
  const problems: string[] = [];
  const schema = schemaFor(definition, data);
  if (schema !== undefined) checkOf(schema)(data, '', problems);
  if (problems.length > 0) return rejected('invalid-data', `${name}: ${problems.join('; ')}`);
  return { ok: true, data: data as T };
}

const belongs = ({ topic, alsoOn }: MessageDefinition, base: string): boolean =>
  base === topic || base === alsoOn;

function schemaFor({ schema, ofKind }: MessageDefinition, { kind }: Record<string, unknown>) {
  if (ofKind === undefined || typeof kind !== 'string' || !Object.hasOwn(ofKind, kind)) return schema;
  return ofKind[kind];
}

function parseLogsOwn<T extends object>(name: string, data: unknown, topic?: string): ParsedMessage<T> {
  if (topic !== undefined && !LOGS_TOPICS.has(baseOfTopic(topic)))
    return rejected('wrong-topic', `${name} belongs to the log`);
  if (!isPlainObject(data)) return rejected('invalid-data', `${name}: data must be an object`);
  return { ok: true, data: data as T };
}

/** A request for a connection is judged in its home region only, which is that of the topic it came by. */
export function checkHome(name: string, data: object, topic: string): Rejection | undefined {
  const home = (data as Record<string, unknown>).home_region;
  if (name !== 'connection-request' || home === undefined || home === regionOfTopic(topic)) return undefined;
  return rejected('wrong-home-region', `home_region ${shown(String(home))} is not that of ${topic}`);
}

/** A record's key must be the member of its data that the definition names. */
export function checkKey(definition: MessageDefinition, data: object, key: string): Rejection | undefined {
  const members = data as Record<string, unknown>;
  const ofRegion = definition.key === 'control_region';
  const expected = ofRegion ? regionKey(String(members.control_region)) : members[definition.key];
  if (expected !== key) {
    return rejected(
      'key-contradicts-data',
      `the key must equal ${ofRegion ? 'region/' : ''}${definition.key}`,
    );
  }
  // A link's id begins with its client's, so that nobody can ask for another client's link.
  const client = definition.ownedBy === undefined ? undefined : members[definition.ownedBy];
  if (typeof client === 'string' && !isLinkOf(key, client)) {
    return rejected('key-contradicts-data', `connection_id must be <${definition.ownedBy}>:<name>`);
  }
  return undefined;
}

function isLinkOf(connectionId: string, clientId: string): boolean {
  return connectionId.startsWith(`${clientId}:`) && connectionId.length > clientId.length + 1;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
