/**
 * A target in a program of one's own: a guest without any certificate, which lets the controller speak with an
 * upper-casing echo instead of a port.
 *
 *   node --import ./test/bench/typescript.mjs libs/endpoint/examples/target.ts brokers.json ca.crt E7F3-K9QX-M2B4-TR
 */
import { readFileSync } from 'node:fs';
import { Transform } from 'node:stream';
import { attachTarget, createGuestIdentity, EndpointError, readBrokers } from '../src/index.ts';

const [brokers = '', ca = '', code = ''] = process.argv.slice(2);

try {
  const session = await attachTarget({
    code,
    brokers: readBrokers(JSON.parse(readFileSync(brokers, 'utf8'))),
    identity: await createGuestIdentity(readFileSync(ca)),
    agent: 'example-target/1',
    onProbe: ({ rows }) => {
      for (const { broker, status, roundTripMs } of rows) {
        process.stdout.write(`${broker.id}: ${status}, ${roundTripMs?.toFixed(1) ?? '-'} ms\n`);
      }
    },
    consent: async ({ id, brokerId }) => {
      process.stdout.write(`${id} controls, through ${brokerId}\n`);
      return true;
    },
    forward: () =>
      new Transform({ transform: (chunk, _encoding, done) => done(null, String(chunk).toUpperCase()) }),
  });
  const { reason } = await session.closed;
  process.stdout.write(`over: ${reason}\n`);
} catch (error) {
  if (!(error instanceof EndpointError)) throw error;
  process.stderr.write(`${error.code}: ${error.message}\n`);
  process.exitCode = 1;
}
