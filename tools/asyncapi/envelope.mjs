/** @typedef {typeof import('../../libs/contracts/src/index.ts')} Contracts */
/** @typedef {Record<string, any>} Json */

const text = (/** @type {string} */ description, /** @type {Json} */ more = {}) => ({
  type: 'string',
  description,
  ...more,
});

/** Header schemas that messages share, by name. @param {Contracts} contracts @returns {Json} */
export function sharedHeaders(contracts) {
  const { HEADER } = contracts;
  return {
    Headers: {
      type: 'object',
      description: 'Binary mode.',
      properties: {
        'content-type': text('Of the value.', { const: 'application/json' }),
        ce_specversion: text('CloudEvents.', { const: contracts.CLOUD_EVENTS_VERSION }),
        ce_type: text('Name and version.'),
        ce_id: text('Unique per ce_source; a repeat has the same.'),
        ce_source: text('Who says so: an agent’s SPIFFE id, or the part of a central controller.', {
          format: 'uri-reference',
        }),
        ce_subject: text('Equals the key; absent: the key is meant.'),
        ce_time: text('RFC 3339; absent: the record’s time is meant.', { format: 'date-time' }),
        [HEADER.traceparent]: text('W3C trace context, where there is one.'),
        [HEADER.tracestate]: text('What tracing systems add to it.'),
      },
      required: ['content-type', 'ce_specversion', 'ce_type', 'ce_id', 'ce_source'],
    },
    WriterHeaders: {
      type: 'object',
      properties: {
        [HEADER.writerEpoch]: text('Counter of the partition’s owners, in decimal.', {
          pattern: '^[1-9][0-9]*$',
        }),
        [HEADER.writerId]: text('Random name of the claim that the writer holds.'),
        [HEADER.causationId]: text('ce_id of the input that was judged.'),
        [HEADER.correlationId]: text('What belongs together over many records.'),
      },
      required: [HEADER.writerEpoch, HEADER.writerId],
    },
    DeadLetterHeaders: deadLetterHeaders(contracts),
  };
}

/**
 * The headers of one message.
 * @param {Contracts} contracts
 * @param {string} name
 * @returns {Json}
 */
export function headersSchema(contracts, name) {
  const shared = (/** @type {string} */ schema) => ({ $ref: `#/components/schemas/${schema}` });
  if (name === 'dead-letter') return shared('DeadLetterHeaders');
  const { TOPIC } = contracts;
  const topic = contracts.messageDefinition(name)?.topic ?? TOPIC.controllerEvents;
  const ofType = { type: 'object', properties: { ce_type: { const: contracts.messageType(name) } } };
  return {
    allOf: [
      shared('Headers'),
      ...(topic === TOPIC.controllerEvents ? [shared('WriterHeaders')] : []),
      ofType,
    ],
  };
}

/** @param {Contracts} contracts @returns {Json} */
function deadLetterHeaders({ HEADER, DEAD_LETTER_REASONS }) {
  return {
    type: 'object',
    description: 'The headers that the record had, and these.',
    properties: {
      [HEADER.deadLetterReason]: text('Why it was not taken.', { enum: [...DEAD_LETTER_REASONS] }),
      [HEADER.deadLetterTopic]: text('Where it stood.'),
      [HEADER.deadLetterPartition]: text('Where it stood, in decimal.', { pattern: '^[0-9]+$' }),
      [HEADER.deadLetterOffset]: text('Where it stood, in decimal.', { pattern: '^[0-9]+$' }),
    },
    required: [
      HEADER.deadLetterReason,
      HEADER.deadLetterTopic,
      HEADER.deadLetterPartition,
      HEADER.deadLetterOffset,
    ],
  };
}

/** @param {Contracts} contracts @param {string} name @returns {Json} */
export function keySchema(contracts, name) {
  const definition = contracts.messageDefinition(name);
  if (name === contracts.WRITER_CLAIMED) return { type: 'string', pattern: '^claim/[1-9][0-9]*$' };
  if (definition === undefined) return { type: 'string' };
  if (definition.key === 'control_region')
    return { type: 'string', description: 'region/<control_region> of the data.', pattern: '^region/.+$' };
  const pattern = definition.key === 'agent_id' ? contracts.NAME_PATTERN : contracts.CONNECTION_ID_PATTERN;
  return { type: 'string', description: `Equals ${definition.key} of the data.`, pattern: pattern.source };
}
