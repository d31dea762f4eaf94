import fc from 'fast-check';
import { goldenRecords } from '../../../../test/support/golden.ts';
import { messageDefinition, parseMessage } from '../index.ts';
import { checkOf, MAX_PROBLEMS } from './compile.ts';
import { referenceProblems } from './reference.ts';

const samples = goldenRecords().flatMap(({ name, data }) => {
  const schema = messageDefinition(name)?.schema;
  return schema === undefined ? [] : [{ name, schema, data }];
});

// class-transformer passes over members that every object inherits, or throws: see "takes a member named constructor".
const INHERITED = Object.getOwnPropertyNames(Object.prototype);
const memberName = fc.string().filter((name) => !INHERITED.includes(name));
const json = fc
  .jsonValue({ maxDepth: 3 })
  .filter((value) => !INHERITED.some((name) => JSON.stringify(value).includes(`"${name}":`)));

/** What goes wrong in practice: near misses of the right type and of the bounds. */
const nearMiss = fc.constantFrom<unknown>(
  null,
  '',
  0,
  1,
  -1,
  1.5,
  2 ** 53,
  '1',
  true,
  [],
  {},
  [[]],
  [null],
  [{}],
  'a'.repeat(65),
  'a'.repeat(600),
  'a b',
  '127.0.0.1:1',
  '127.0.0.1',
  '2026-11-21T09:30:00Z',
  '2026-02-30T00:00:00Z',
  'link',
  'hold',
  'full',
  { a: 1 },
  { a: 'b' },
  { a: 'x'.repeat(5000) },
  0.5,
  100,
  101,
  501,
  59_999,
  60_001,
  'active',
  'broker',
);

type Mutation = { at: number; how: 'replace' | 'delete' | 'add'; name: string; value: unknown };
const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat(60),
  how: fc.constantFrom('replace', 'replace', 'delete', 'add'),
  name: memberName,
  value: fc.oneof(nearMiss, json),
});

/** Every place of a JSON value that holds something, depth first. */
function placesOf(value: unknown): { parent: Record<string, unknown>; key: string }[] {
  if (typeof value !== 'object' || value === null) return [];
  const parent = value as Record<string, unknown>;
  return Object.keys(parent).flatMap((key) => [{ parent, key }, ...placesOf(parent[key])]);
}

function mutated(data: object, mutations: Mutation[]): object {
  const copy = structuredClone(data);
  for (const { at, how, name, value } of mutations) {
    const places = placesOf(copy);
    const place = places[at % Math.max(places.length, 1)];
    if (place === undefined) continue;
    if (how === 'delete' && !Array.isArray(place.parent)) delete place.parent[place.key];
    else if (how === 'add' && !Array.isArray(place.parent)) place.parent[name] = structuredClone(value);
    else place.parent[place.key] = structuredClone(value);
  }
  return copy;
}

function compiledProblems(schema: Parameters<typeof checkOf>[0], data: object): string[] {
  const problems: string[] = [];
  checkOf(schema)(data, '', problems);
  return problems;
}

describe('the compiled validation', () => {
  let valid = 0;
  let invalid = 0;

  it('has a sample of every message that it validates', () => {
    expect(samples.length).toBeGreaterThanOrEqual(21);
  });

  it.each(samples)('takes the sample of $name, as class-validator does', ({ schema, data }) => {
    expect(referenceProblems(schema, data)).toEqual([]);
    expect(compiledProblems(schema, data)).toEqual([]);
  });

  it.each(samples)('says of mutated $name what class-validator says', ({ schema, data }) => {
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
        const given = mutated(data, mutations);
        const expected = referenceProblems(schema, given);
        if (expected.length === 0) valid++;
        else invalid++;
        expect(compiledProblems(schema, given)).toEqual(expected.slice(0, MAX_PROBLEMS));
      }),
      { numRuns: 300 },
    );
  });

  it('has met both valid and invalid data in plenty', () => {
    expect(valid).toBeGreaterThan(500);
    expect(invalid).toBeGreaterThan(1500);
  });

  it.each(samples)('says of any JSON object as $name what class-validator says', ({ schema }) => {
    fc.assert(
      fc.property(fc.dictionary(memberName, json), (given) => {
        const plain = { ...given };
        expect(compiledProblems(schema, plain)).toEqual(
          referenceProblems(schema, plain).slice(0, MAX_PROBLEMS),
        );
      }),
      { numRuns: 30 },
    );
  });

  it('takes a member named constructor for any other unknown member', () => {
    const sample = samples.find(({ name }) => name === 'connection-request');
    const data = { ...sample?.data, metadata: { constructor: 'x' }, constructor: 1 };
    expect(parseMessage('connection-request', data)).toEqual({ ok: true, data });
  });
});
