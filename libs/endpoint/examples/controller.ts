/**
 * A controller in a program of one's own: prints the code, waits for the target, says one line to what the target
 * forwards to and prints what comes back.
 *
 *   node --import ./test/bench/typescript.mjs libs/endpoint/examples/controller.ts brokers.json ca.crt me.crt me.key
 */
import { readFileSync } from 'node:fs';
import { certificateIdentity, EndpointError, openController, readBrokers } from '../src/index.ts';

const [brokers = '', ca = '', cert = '', key = ''] = process.argv.slice(2);

try {
  const session = await openController({
    brokers: readBrokers(JSON.parse(readFileSync(brokers, 'utf8'))),
    identity: certificateIdentity({
      ca: readFileSync(ca),
      cert: readFileSync(cert),
      key: readFileSync(key),
    }),
    agent: 'example-controller/1',
  });
  process.stdout.write(`the code is ${session.code}, good until ${session.codeExpiresAt}\n`);
  session.on('open', ({ brokerId }) => process.stdout.write(`open, through ${brokerId}\n`));
  session.on('interrupted', ({ reason }) => process.stdout.write(`interrupted: ${reason}\n`));
  session.on('resumed', ({ brokerId, pauseMs }) =>
    process.stdout.write(`resumed through ${brokerId} after ${Math.round(pauseMs)} ms\n`),
  );
  // A stream may be used before the session is open: what is written waits for the target.
  const stream = session.connect();
  stream.end('hello from the controller\n');
  for await (const chunk of stream) process.stdout.write(chunk as Buffer);
  await session.close();
} catch (error) {
  if (!(error instanceof EndpointError)) throw error;
  process.stderr.write(`${error.code}: ${error.message}\n`);
  process.exitCode = 1;
}
