import { headersSchema, keySchema, sharedHeaders } from './envelope.mjs';
import { narrowed } from './rules.mjs';

/** @typedef {typeof import('../../libs/contracts/src/index.ts')} Contracts */
/** @typedef {Record<string, any>} Json */
/** @typedef {{name: string, topic: string, key: string, headers: Json, data: Json}} Golden */
/** @typedef {import('../../libs/contracts/src/index.ts').TopicBase} TopicBase */
/** @typedef {{schemaOf(name: string): Json}} Types */

const BINDING = '0.5.0';

/** What each topic is for, who writes it, and what a program that stands outside does with it. */
const CHANNELS = {
  'connection-status': {
    title: 'Facts',
    description:
      'What agents and services report happened, not yet judged. Anyone with the right may publish.',
    operation: {
      id: 'receiveFacts',
      action: 'receive',
      summary: 'Take facts, and judge those of the own home region.',
    },
  },
  'health-reports': {
    title: 'Health reports',
    description: 'Batched heartbeats of the agents: the fleet as placement sees it.',
    operation: { id: 'receiveHealthReports', action: 'receive', summary: 'Watch the fleet.' },
  },
  'controller-events': {
    title: 'Decisions',
    description:
      'The source of truth. A record that is not by the last valid claim’s writer is void; a version that was seen is skipped.',
    operation: { id: 'sendDecisions', action: 'send', summary: 'Append what was concluded.' },
  },
  'connection-state': {
    title: 'Snapshots',
    description: 'Private to the control loops, for their restore; its data may change with any release.',
    operation: { id: 'sendSnapshots', action: 'send', summary: 'Keep what a restart begins from.' },
  },
  'failover-commands': {
    title: 'Commands to sidecars',
    description: 'What sidecars must do; each is part of a decision that is in the log already.',
    operation: { id: 'sendCommands', action: 'send', summary: 'Have a decision carried out.' },
  },
  'relay-commands': {
    title: 'Commands to brokers',
    description: 'What brokers must do. Sessions bring its messages; the topic stands already.',
    operation: undefined,
  },
};

/**
 * The AsyncAPI 3 document of the Kafka contract, of the same tables and classes that the programs use.
 * @param {Contracts} contracts
 * @param {Types} types
 * @param {Golden[]} goldens an example of each message
 * @param {string} version
 * @returns {Json}
 */
export function asyncApi(contracts, types, goldens, version) {
  const described = describedMessages(contracts);
  /** @type {Json} */
  const channels = {};
  /** @type {Json} */
  const operations = {};
  for (const [name, about] of Object.entries(CHANNELS)) {
    const base = /** @type {keyof typeof CHANNELS} */ (name);
    const settings = contracts.TOPIC_SETTINGS[base];
    const names = described.filter(({ topics }) => topics.includes(base)).map(({ name }) => name);
    channels[base] = channel(base, about, settings, names);
    if (about.operation !== undefined) operations[about.operation.id] = operation(base, about.operation);
    if (!settings.deadLetter) continue;
    channels[`${base}.dead-letter`] = channel(
      `${base}.dead-letter`,
      {
        title: `Dead letters of ${base}`,
        description: 'Records that were not taken, byte for byte, with the reason.',
      },
      contracts.DEAD_LETTER_SETTINGS,
      ['dead-letter'],
    );
  }
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Trunkline on Kafka',
      version,
      description:
        'Every topic, message, header and key. Records are CloudEvents 1.0 in the Kafka binding: binary mode is written, binary and structured mode are read. Absent values are omitted, never null; members that are not known are ignored.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    servers: {
      local: { host: '127.0.0.1:9092', protocol: 'kafka', description: 'The local stack (npm start).' },
    },
    channels,
    operations,
    components: {
      messages: Object.fromEntries(
        [...described, DEAD_LETTER].map((message) => [message.name, messageOf(contracts, message, goldens)]),
      ),
      schemas: { ...sharedHeaders(contracts), ...schemasOf(contracts, types, described) },
    },
  };
}

const DEAD_LETTER = {
  name: 'dead-letter',
  topics: [],
  schema: undefined,
  meaning: 'A record that was not taken, as it was.',
};

/** @param {Contracts} contracts @param {string} name */
function decisionSchemaOf({ AGENT_DECISIONS, REGION_DECISIONS, RESERVATION_DECISIONS }, name) {
  const among = (/** @type {readonly string[]} */ names) => names.includes(name);
  if (among(AGENT_DECISIONS)) return 'AgentDecision';
  if (among(REGION_DECISIONS)) return 'RegionDecision';
  return among(RESERVATION_DECISIONS) ? 'ReservationDecision' : 'LinkDecision';
}

/** @param {Contracts} contracts */
export function describedMessages(contracts) {
  const { FACTS, REPORTS, COMMANDS, DECISIONS, MEANINGS, STATE_RECORDS, TOPIC, WRITER_CLAIMED } = contracts;
  const defined = Object.entries({ ...FACTS, ...REPORTS, ...DECISIONS, ...COMMANDS }).flatMap(
    ([name, definition]) => {
      if ('unsupported' in definition) return [];
      const { meaning } = MEANINGS[/** @type {keyof typeof MEANINGS} */ (name)];
      const ofLog = decisionSchemaOf(contracts, name);
      const schema = definition.topic === TOPIC.controllerEvents ? ofLog : definition.schema?.name;
      return [{ name, topics: [definition.topic], schema, meaning }];
    },
  );
  const state = (/** @type {string} */ name, /** @type {string} */ meaning) => ({
    name,
    topics: [TOPIC.connectionState],
    schema: undefined,
    meaning,
  });
  return [
    ...defined,
    {
      name: WRITER_CLAIMED,
      topics: [TOPIC.controllerEvents, TOPIC.connectionState],
      schema: 'WriterClaimed',
      meaning: MEANINGS[WRITER_CLAIMED].meaning,
    },
    state(STATE_RECORDS.snapshot, 'State of one connection or agent, folded of all its decisions.'),
    state(STATE_RECORDS.checkpoint, 'What the snapshots before it hold, and which inputs are judged.'),
  ];
}

/**
 * @param {string} address
 * @param {{title: string, description: string}} about
 * @param {import('../../libs/contracts/src/index.ts').TopicSettings} settings
 * @param {string[]} names
 */
function channel(address, { title, description }, settings, names) {
  return {
    address: `{region}.${address}`,
    title,
    description,
    parameters: {
      region: { description: 'Control region; only its programs write here.', examples: ['east'] },
    },
    messages: Object.fromEntries(names.map((name) => [name, { $ref: `#/components/messages/${name}` }])),
    bindings: {
      kafka: {
        topicConfiguration: {
          'cleanup.policy': [settings.cleanupPolicy],
          'retention.ms': settings.retentionMs,
        },
        bindingVersion: BINDING,
      },
    },
  };
}

/** @param {string} base @param {{action: string, summary: string}} operation */
function operation(base, { action, summary }) {
  return { action, summary, channel: { $ref: `#/channels/${base}` } };
}

/**
 * @param {Contracts} contracts
 * @param {{name: string, schema: string | undefined, meaning: string}} message
 * @param {Golden[]} goldens
 */
function messageOf(contracts, { name, schema, meaning }, goldens) {
  const example = goldens.find((golden) => golden.name === name);
  return {
    name: contracts.messageType(name),
    title: name,
    summary: meaning,
    contentType: 'application/json',
    headers: headersSchema(contracts, name),
    payload: schema === undefined ? { type: 'object' } : { $ref: `#/components/schemas/${schema}` },
    bindings: { kafka: { key: keySchema(contracts, name), bindingVersion: BINDING } },
    ...(example === undefined
      ? {}
      : { examples: [{ name, headers: example.headers, payload: example.data }] }),
  };
}

/** @param {Contracts} contracts @param {Types} types @param {{name: string, schema: string | undefined}[]} described */
function schemasOf(contracts, types, described) {
  /** @type {Json} */
  const schemas = {};
  for (const { name, schema } of described) {
    if (schema === undefined || schema in schemas) continue;
    const ofType = types.schemaOf(schema);
    const rules = contracts.messageDefinition(name)?.schema;
    schemas[schema] = rules?.name === schema ? narrowed(ofType, rules, contracts.elementClass) : ofType;
  }
  return schemas;
}
