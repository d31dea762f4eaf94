/** @typedef {typeof import('../../libs/contracts/src/index.ts')} Contracts */
/** @typedef {Record<string, any>} Json */

const INTRODUCTION = `# The messages on Kafka

Made of \`libs/contracts\` by \`node tools/asyncapi.mjs\`, like [asyncapi.json](asyncapi.json), which says the same to
programs, with every header, key and bound. A member with \`?\` may be absent; absent values are omitted, never null.
`;

/**
 * One table for each kind of message: meaning, who writes it, its data.
 * @param {Contracts} contracts
 * @param {Json} document the AsyncAPI document
 */
export function messageTables(contracts, document) {
  const { FACTS, REPORTS, DECISIONS, COMMANDS, TOPIC, WRITER_CLAIMED } = contracts;
  const commandsOn = (/** @type {string} */ topic) =>
    Object.entries(COMMANDS).flatMap(([name, definition]) =>
      definition.topic === topic || ('alsoOn' in definition && definition.alsoOn === topic) ? [name] : [],
    );
  const tables = [
    section('Facts', '`<region>.connection-status`', Object.keys(FACTS)),
    section('Health reports', '`<region>.health-reports`', Object.keys(REPORTS)),
    section('Decisions', '`<region>.controller-events`', [...Object.keys(DECISIONS), WRITER_CLAIMED]),
    shared('LinkDecision', 'decisions on a link'),
    shared('SessionDecision', 'decisions on a session'),
    shared('AgentDecision', 'decisions on an agent'),
    section('Commands to sidecars', '`<region>.failover-commands`', commandsOn(TOPIC.failoverCommands)),
    section('Commands to brokers', '`<region>.relay-commands`', commandsOn(TOPIC.relayCommands)),
  ];
  return [INTRODUCTION, ...tables].join('\n');

  /** @param {string} title @param {string} topic @param {string[]} names */
  function section(title, topic, names) {
    const rows = names.map((name) => {
      const { meaning, writtenBy } =
        contracts.MEANINGS[/** @type {keyof typeof contracts.MEANINGS} */ (name)];
      return `| \`${name}\` | ${meaning} | ${writtenBy} | ${membersOf(document, name)} |`;
    });
    return [
      `## ${title}: ${topic}\n`,
      '| name | meaning | written by | data |',
      '| --- | --- | --- | --- |',
      ...rows,
      '',
    ].join('\n');
  }

  /** Members that many messages have alike. @param {string} schema @param {string} of */
  function shared(schema, of) {
    const { properties, required } = document.components.schemas[schema];
    const rows = Object.entries(properties).map(
      ([member, { description = '' }]) =>
        `| \`${member}${required.includes(member) ? '' : '?'}\` | ${description} |`,
    );
    return [`### Data of ${of}\n`, '| member | meaning |', '| --- | --- |', ...rows, ''].join('\n');
  }
}

/** @param {Json} document @param {string} name */
function membersOf(document, name) {
  const { payload } = document.components.messages[name];
  return (payload.anyOf ?? [payload])
    .map((/** @type {Json} */ { $ref }) => membersOfSchema(document, $ref.split('/').at(-1)))
    .join('; or: ');
}

/** @param {Json} document @param {string} schema */
function membersOfSchema(document, schema) {
  if (schema === 'LinkDecision') return '[of a link](#data-of-decisions-on-a-link)';
  if (schema === 'SessionDecision') return '[of a session](#data-of-decisions-on-a-session)';
  if (schema === 'AgentDecision') return '[of an agent](#data-of-decisions-on-an-agent)';
  const { properties, required = [] } = document.components.schemas[schema];
  return Object.keys(properties)
    .map((member) => `\`${member}${required.includes(member) ? '' : '?'}\``)
    .join(', ');
}
