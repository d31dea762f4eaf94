import { CliConfig } from '../config.ts';
import { toDurationMs, toHostPort } from './flags.ts';
import { proxyFor } from './proxy.ts';
import { bytesText } from './texts.ts';

describe('host and port of a flag', () => {
  it.each([
    ['127.0.0.1:22', '127.0.0.1', 22],
    ['server.local:3389', 'server.local', 3389],
    ['[::1]:5900', '::1', 5900],
    ['22', '127.0.0.1', 22],
  ])('%s', (text, host, port) => expect(toHostPort(text)).toEqual({ host, port }));

  it.each(['', 'host', 'host:', ':22', '::1:22', 'host:65536', 'host:-1', 'ho st:1', '22x'])(
    'is not %j',
    (text) => expect(() => toHostPort(text)).toThrow(/must be host:port/),
  );
});

describe('a time of a flag', () => {
  it.each([
    ['90s', 90_000],
    ['30m', 1_800_000],
    ['2h', 7_200_000],
    ['24h', 86_400_000],
  ])('%s', (text, ms) => expect(toDurationMs(text)).toBe(ms));

  it.each(['', '2', 'h', '0s', '25h', '1.5h', '2d', '-1h'])('is not %j', (text) =>
    expect(() => toDurationMs(text)).toThrow(/90s, 30m or 2h/),
  );
});

describe('the proxy', () => {
  const BROKERS = [
    { id: 'a', host: 'broker-a.company.com', port: 1, region: 'east', address: '127.0.0.1:7443' },
    { id: 'b', host: 'broker-b.company.com', port: 1, region: 'east' },
  ];
  const proxy = (given: Partial<CliConfig>): string | undefined =>
    proxyFor(Object.assign(new CliConfig(), given), BROKERS);

  it('is what HTTPS_PROXY says, in either case', () => {
    expect(proxy({})).toBeUndefined();
    expect(proxy({ httpsProxy: 'http://p:1', httpsProxyLower: 'http://q:1' })).toBe('http://p:1');
    expect(proxy({ httpsProxyLower: 'http://q:1' })).toBe('http://q:1');
  });

  it.each<[string[], boolean]>([
    [['*'], false],
    [['company.com'], false],
    [['.company.com'], false],
    [['broker-b.company.com', '127.0.0.1'], false],
    [['broker-a.company.com'], true],
    [['ompany.com'], true],
    [[], true],
  ])('with NO_PROXY %j is asked: %s', (noProxy, isAsked) => {
    expect(proxy({ httpsProxy: 'http://p:1', noProxy }) !== undefined).toBe(isAsked);
  });
});

describe('a number of bytes', () => {
  it.each([
    [0, '0 B'],
    [1_023, '1023 B'],
    [1_536, '1.5 KiB'],
    [209_715_200, '200.0 MiB'],
  ])('%i', (bytes, text) => expect(bytesText(bytes)).toBe(text));
});
