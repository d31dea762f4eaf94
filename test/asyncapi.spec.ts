import { readFileSync } from 'node:fs';
import { Parser } from '@asyncapi/parser';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import * as contracts from '#libs/contracts';
import { documents } from '../tools/asyncapi.mjs';
import { goldenRecords } from './support/golden.ts';

/** The parser loads much before it reads anything; on a busy machine that takes a while. */
const PATIENCE_MS = 60_000;
const COMMITTED = new URL('../docs/asyncapi.json', import.meta.url);

const ajv = new Ajv({ strict: false, allErrors: true });
addFormats.default(ajv);
ajv.addSchema({ $id: 'document', ...JSON.parse(readFileSync(COMMITTED, 'utf8')) });

describe('the documents of the Kafka contract', () => {
  it.each(Object.entries(documents(contracts)))(
    '%s is what libs/contracts says (else: node tools/asyncapi.mjs)',
    (file, text) => {
      expect(readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')).toBe(text);
    },
  );

  it(
    'asyncapi.json is a valid AsyncAPI 3 document',
    async () => {
      const { document, diagnostics } = await new Parser().parse(readFileSync(COMMITTED, 'utf8'));
      expect(diagnostics.filter(({ severity }) => severity <= 1)).toEqual([]);
      expect(document?.version()).toBe('3.0.0');
      expect(document?.allMessages().length).toBeGreaterThanOrEqual(39);
    },
    PATIENCE_MS,
  );

  it.each(goldenRecords())('fits the golden $file: headers, key and data', ({ name, key, headers, data }) => {
    const problems = (part: string, value: unknown) => {
      const validate = ajv.compile({ $ref: `document#/components/messages/${name}/${part}` });
      return validate(value) ? [] : validate.errors;
    };
    expect(problems('headers', headers)).toEqual([]);
    expect(problems('bindings/kafka/key', key)).toEqual([]);
    expect(problems('payload', data)).toEqual([]);
  });

  it('describes every topic that the programs make', async () => {
    const { channels } = JSON.parse(readFileSync(COMMITTED, 'utf8'));
    const topics = Object.entries(contracts.TOPIC_SETTINGS).flatMap(([topic, { deadLetter }]) =>
      deadLetter ? [topic, `${topic}${contracts.DEAD_LETTER_SUFFIX}`] : [topic],
    );
    expect(Object.keys(channels).sort()).toEqual(topics.sort());
  });

  it('has an example of every message, but of dead letters and of the private ones', () => {
    const { components } = JSON.parse(readFileSync(COMMITTED, 'utf8'));
    const without = Object.keys(components.messages).filter(
      (name) => components.messages[name].examples === undefined,
    );
    expect(without).toEqual(['dead-letter']);
    expect(goldenRecords().length).toBe(Object.keys(components.messages).length - 1);
  });
});
