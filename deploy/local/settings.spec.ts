import { firstBroker, readSettings, redisAddress } from './settings.mjs';

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}

describe('what a person chose', () => {
  it('is read of flags and environment', () => {
    expect(readSettings([], {})).toEqual({ fresh: false, help: false, portOffset: 0 });
    const env = { TRUNKLINE_PORT_OFFSET: '100', TRUNKLINE_KAFKA_BROKERS: 'a:1,b:2' };
    expect(readSettings(['--fresh'], env)).toEqual({
      fresh: true,
      help: false,
      portOffset: 100,
      kafkaBrokers: 'a:1,b:2',
    });
  });

  it('names the first of several servers', () => {
    expect(firstBroker('kafka-1:9092,kafka-2:9092')).toEqual({ host: 'kafka-1', port: 9092 });
    expect(redisAddress('redis://localhost')).toEqual({ host: 'localhost', port: 6379, secure: false });
    expect(redisAddress('rediss://user:p:w@cache:6380/2')).toEqual({
      host: 'cache',
      port: 6380,
      secure: true,
    });
    expect(redisAddress('redis+cluster://a:7000,b:7001')).toEqual({ host: 'a', port: 7000, secure: false });
  });

  it.each(['', 'localhost:6379', 'http://localhost', 'redis://', 'redis://host:port'])(
    'refuses %j as a Redis',
    (url) => {
      expect(redisAddress(url)).toBeUndefined();
    },
  );

  it('is refused with everything that is wrong with it at once, a line each', () => {
    const env = {
      TRUNKLINE_PORT_OFFSET: 'high',
      TRUNKLINE_KAFKA_BROKERS: 'nowhere',
      TRUNKLINE_REDIS_URL: 'http://localhost',
    };
    const lines = [/^--quick: no such option/, ...Object.keys(env).map((name) => new RegExp(`^${name} is`))];
    const told = messageOf(() => readSettings(['--fresh', '--quick'], env)).split('\n');
    expect(told).toEqual(lines.map((line) => expect.stringMatching(line)));
  });

  it('never repeats a Redis URL in a message: it may hold a password', () => {
    expect(() => readSettings([], { TRUNKLINE_REDIS_URL: 'rediss//user:secret@cache' })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('secret') }),
    );
  });
});
