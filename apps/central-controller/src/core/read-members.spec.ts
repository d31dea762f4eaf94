import fc from 'fast-check';
import { membersReader } from './read-members.ts';

describe('the members reader', () => {
  it('reads what JSON.parse reads, of whatever object', () => {
    const names = fc.constantFrom('version', 'status', 'failover', 'a"b\\c', 'ü', 'other', 'more');
    const read = membersReader(['version', 'status', 'failover', 'a"b\\c', 'ü']);
    fc.assert(
      fc.property(
        fc.dictionary(names, fc.jsonValue()),
        fc.constantFrom(undefined, 1, '\t'),
        (value, indent) => {
          const json = JSON.stringify(value, null, indent);
          const { other, more, ...wanted } = JSON.parse(json);
          expect(read(Buffer.from(json))).toEqual(wanted);
        },
      ),
    );
  });

  it('is not confused by a member of the same name further in, or in a text', () => {
    const value = { text: '"version":1,}]', list: [{ version: 2 }], inner: { version: 3 }, version: 4 };
    expect(membersReader(['version'])(Buffer.from(JSON.stringify(value)))).toEqual({ version: 4 });
  });

  it.each([
    '',
    ' ',
    '[]',
    'null',
    '7',
    '{',
    '{"a"',
    '{"a":',
    '{"a":1',
    '{"a":"',
    '{"a":[1}',
    '{"a":1}x',
    '{"a" 1}',
    '{a:1}',
  ])('takes no %s', (json) => {
    expect(() => membersReader(['a'])(Buffer.from(json))).toThrow();
  });
});
