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
  const { FACTS, REPORTS, DECISIONS, COMMANDS, WRITER_CLAIMED } = contracts;
  const supported = (/** @type {Json} */ table) =>
    Object.keys(table).filter((name) => !('unsupported' in table[name]));
  const later = [FACTS, COMMANDS]
    .flatMap((table) => Object.entries(table))
    .filter(([, definition]) => 'unsupported' in definition)
    .map(([name]) => `\`${name}\``);
  const tables = [
    section('Facts', '`<region>.connection-status`', supported(FACTS)),
    section('Health reports', '`<region>.health-reports`', supported(REPORTS)),
    section('Decisions', '`<region>.controller-events`', [...supported(DECISIONS), WRITER_CLAIMED]),
    shared('LinkDecision', 'decisions on a link'),
    shared('AgentDecision', 'decisions on an agent'),
    section('Commands', '`<region>.failover-commands`', supported(COMMANDS)),
  ];
  return [
    INTRODUCTION,
    ...tables,
    `## Later\n\nNamed already, answered \`unsupported-type\` until then: ${later.join(', ')}, and the messages of sessions.\n`,
  ].join('\n');

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
  const schema = document.components.messages[name].payload.$ref.split('/').at(-1);
  if (schema === 'LinkDecision') return '[of a link](#data-of-decisions-on-a-link)';
  if (schema === 'AgentDecision') return '[of an agent](#data-of-decisions-on-an-agent)';
  const { properties, required = [] } = document.components.schemas[schema];
  return Object.keys(properties)
    .map((member) => `\`${member}${required.includes(member) ? '' : '?'}\``)
    .join(', ');
}
