import { goldenData, goldenRecords } from '../../../test/support/golden.ts';
import { checkHome, checkKey, type MessageDefinition, messageDefinition } from './index.ts';

const changed = (name: string, changes: object): object => ({ ...goldenData(name), ...changes });

function definitionOf(name: string): MessageDefinition {
  const definition = messageDefinition(name);
  if (definition === undefined) throw new Error(`${name} is not defined`);
  return definition;
}

describe('checkKey', () => {
  it.each(goldenRecords().filter(({ file }) => !file.startsWith('log/')))(
    'takes the key of the golden $file',
    ({ name, data, key }) => {
      expect(checkKey(definitionOf(name), data, key)).toBeUndefined();
    },
  );

  it.each([
    ['another connection’s key', 'connection-lost', 'bank-client-2:primary', {}],
    ['the agent’s key on a connection’s fact', 'connection-lost', 'bank-client-1', {}],
    ['the connection’s key on a command', 'connect', 'bank-client-1:primary', {}],
    [
      'a request for another client’s link',
      'connection-request',
      'bank-client-1:primary',
      { client_id: 'bank-client-2' },
    ],
    [
      'a request for a link whose client’s name only begins so',
      'connection-request',
      'bank-client-1:primary',
      { client_id: 'bank' },
    ],
    [
      'a request for a link without a name',
      'connection-request',
      'bank-client-1:',
      { connection_id: 'bank-client-1:' },
    ],
  ])('refuses %s', (_what, name, key, changes) => {
    expect(checkKey(definitionOf(name), changed(name, changes), key)).toMatchObject({
      reason: 'key-contradicts-data',
    });
  });
});

describe('checkHome', () => {
  const topic = 'east.connection-status';
  it('takes a request in its home region, said or meant', () => {
    expect(checkHome('connection-request', goldenData('connection-request'), topic)).toBeUndefined();
    expect(
      checkHome('connection-request', changed('connection-request', { home_region: undefined }), topic),
    ).toBeUndefined();
  });
  it('refuses a request elsewhere, and no other fact', () => {
    const data = changed('connection-request', { home_region: 'west' });
    expect(checkHome('connection-request', data, topic)).toMatchObject({ reason: 'wrong-home-region' });
    expect(
      checkHome('connection-lost', changed('connection-lost', { home_region: 'west' }), topic),
    ).toBeUndefined();
  });
});
