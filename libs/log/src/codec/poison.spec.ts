import { checkHome, checkKey, messageDefinition, parseMessage } from '#libs/contracts';
import { POISON_KINDS, type PoisonRecord, poisonFacts } from '../../../../test/support/poison.ts';
import type { LogRecord } from '../port.ts';
import { decodeRecord, WIRE_LIMITS } from './decode.ts';

const TOPIC = 'east.connection-status';

function decoded({ key, value, headers }: PoisonRecord): LogRecord {
  const bytes = Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)]);
  return decodeRecord(
    { topic: TOPIC, partition: 0, offset: 0 },
    {
      key: key === null ? null : Buffer.from(key),
      value,
      headers: Object.fromEntries(bytes),
      timestampMs: 0,
    },
    { parse: parseMessage, limits: WIRE_LIMITS },
  );
}

/** The reason that codec, schema, key and home region give, in this order. */
function reasonOf(record: LogRecord): string | undefined {
  if (!record.readable) return record.reason;
  const definition = messageDefinition(record.name);
  if (definition === undefined) throw new Error(`${record.name} was read and is not defined`);
  const data = record.data as object;
  return (checkKey(definition, data, record.key) ?? checkHome(record.name, data, record.topic))?.reason;
}

describe('poison', () => {
  it('comes in 20 kinds', () => {
    expect(new Set(POISON_KINDS).size).toBe(20);
  });

  it.each(poisonFacts(POISON_KINDS.length))('of kind $kind is put aside as $reason', (poison) => {
    const record = decoded(poison);
    expect(reasonOf(record)).toBe(poison.reason);
    expect(record.headers).toMatchObject({ poison: poison.headers.poison });
  });

  it('says why without a payload', () => {
    for (const poison of poisonFacts(POISON_KINDS.length, 'canary4111111111111111')) {
      const record = decoded(poison);
      if (!record.readable) expect(record.detail).not.toContain('4111111111111111');
    }
  });
});
