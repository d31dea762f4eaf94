import { ConfigurationError, loadConfig } from '#libs/platform';
import { WanConfig } from './config.ts';

const ROUTE = { port: 17443, target: '127.0.0.1:7443', round_trip_ms: 170 };

function load(routes: unknown): Readonly<WanConfig> {
  return loadConfig(WanConfig, {
    TRUNKLINE_WAN_NAME: 'wan-india',
    TRUNKLINE_WAN_ADMIN_PORT: '17543',
    TRUNKLINE_WAN_ROUTES: typeof routes === 'string' ? routes : JSON.stringify(routes),
  });
}

describe('the configuration of a WAN simulator', () => {
  it('has its routes, on loopback unless told otherwise', () => {
    expect({ ...load([ROUTE]) }).toEqual({
      name: 'wan-india',
      host: '127.0.0.1',
      routes: [ROUTE],
      adminPort: 17_543,
      logLevel: 'info',
    });
  });

  it.each<[string, unknown]>([
    ['no JSON', '['],
    ['no list', {}],
    ['an empty list', []],
    ['no route', [1]],
    ['no target', [{ ...ROUTE, target: undefined }]],
    ['a target without a port', [{ ...ROUTE, target: '127.0.0.1' }]],
    ['a port beyond the last', [{ ...ROUTE, port: 65_536 }]],
    ['a target port beyond the last', [{ ...ROUTE, target: 'localhost:99999' }]],
    ['a negative time', [{ ...ROUTE, round_trip_ms: -1 }]],
    ['a time in text', [{ ...ROUTE, round_trip_ms: '15' }]],
    ['too many', Array.from({ length: 65 }, () => ROUTE)],
  ])('refuses %s, and says what is allowed', (_what, routes) => {
    expect(() => load(routes)).toThrow(ConfigurationError);
    expect(() => load(routes)).toThrow(/TRUNKLINE_WAN_ROUTES: .*must be a list of 1 to 64 \{port, target/);
  });
});
