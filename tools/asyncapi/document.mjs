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
    description: 'What brokers must do; each is part of a decision that is in the log already.',
    operation: {
      id: 'sendRelayCommands',
      action: 'send',
      summary: 'Have a decision on a session carried out.',
    },
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
  schemas: /** @type {string[]} */ ([]),
  meaning: 'A record that was not taken, as it was.',
};

/** @param {Contracts} contracts @param {string} name */
function decisionSchemasOf(contracts, name) {
  const among = (/** @type {readonly string[]} */ names) => names.includes(name);
  if (among(contracts.AGENT_DECISIONS)) return ['AgentDecision'];
  if (among(contracts.REGION_DECISIONS)) return ['RegionDecision'];
  if (among(contracts.OWN_SESSION_DECISIONS)) return ['SessionDecision'];
  if (among(contracts.SHARED_DECISIONS)) return ['LinkDecision', 'SessionDecision'];
  return [among(contracts.RESERVATION_DECISIONS) ? 'ReservationDecision' : 'LinkDecision'];
}

/** @param {import('../../libs/contracts/src/index.ts').MessageDefinition} definition @returns {string[]} */
function dataSchemasOf({ schema, ofKind = {} }) {
  return [schema, ...Object.values(ofKind)].flatMap((each) => (each === undefined ? [] : [each.name]));
}

/** @param {Contracts} contracts */
export function describedMessages(contracts) {
  const { FACTS, REPORTS, COMMANDS, DECISIONS, MEANINGS, STATE_RECORDS, TOPIC, WRITER_CLAIMED } = contracts;
  /** @type {Record<string, import('../../libs/contracts/src/index.ts').MessageDefinition>} */
  const tables = { ...FACTS, ...REPORTS, ...DECISIONS, ...COMMANDS };
  const defined = Object.entries(tables).map(([name, definition]) => {
    const { meaning } = MEANINGS[/** @type {keyof typeof MEANINGS} */ (name)];
    const { topic, alsoOn } = definition;
    const schemas =
      topic === TOPIC.controllerEvents ? decisionSchemasOf(contracts, name) : dataSchemasOf(definition);
    return { name, topics: alsoOn === undefined ? [topic] : [topic, alsoOn], schemas, meaning };
  });
  const state = (/** @type {string} */ name, /** @type {string} */ meaning) => ({
    name,
    topics: [TOPIC.connectionState],
    schemas: /** @type {string[]} */ ([]),
    meaning,
  });
  return [
    ...defined,
    {
      name: WRITER_CLAIMED,
      topics: [TOPIC.controllerEvents, TOPIC.connectionState],
      schemas: ['WriterClaimed'],
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
 * @param {{name: string, schemas: string[], meaning: string}} message
 * @param {Golden[]} goldens
 */
function messageOf(contracts, { name, schemas, meaning }, goldens) {
  const refs = schemas.map((schema) => ({ $ref: `#/components/schemas/${schema}` }));
  const example = goldens.find((golden) => golden.name === name);
  return {
    name: contracts.messageType(name),
    title: name,
    summary: meaning,
    contentType: 'application/json',
    headers: headersSchema(contracts, name),
    payload: refs.length > 1 ? { anyOf: refs } : (refs[0] ?? { type: 'object' }),
    bindings: { kafka: { key: keySchema(contracts, name), bindingVersion: BINDING } },
    ...(example === undefined
      ? {}
      : { examples: [{ name, headers: example.headers, payload: example.data }] }),
  };
}

/** @param {Contracts} contracts @param {Types} types @param {{name: string, schemas: string[]}[]} described */
function schemasOf(contracts, types, described) {
  /** @type {Json} */
  const schemas = {};
  for (const message of described) {
    const definition = contracts.messageDefinition(message.name);
    const classes = [definition?.schema, ...Object.values(definition?.ofKind ?? {})];
    for (const schema of message.schemas) {
      if (schema in schemas) continue;
      const ofType = types.schemaOf(schema);
      const rules = classes.find((each) => each?.name === schema);
      schemas[schema] = rules === undefined ? ofType : narrowed(ofType, rules, contracts.elementClass);
    }
  }
  return schemas;
}
