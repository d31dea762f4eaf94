import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:tls';

// A process of its own: what Node costs a relay that does nothing but TLS in and TLS out.
const [port = '', targetPort = '', ca = '', cert = '', key = ''] = process.argv.slice(2);
const identity = {
  ...{ ca: readFileSync(ca), cert: readFileSync(cert), key: readFileSync(key) },
  minVersion: 'TLSv1.3',
} as const;

const server = createServer({ ...identity, requestCert: true, noDelay: true }, (near) => {
  const far = connect({ ...identity, host: '127.0.0.1', port: Number(targetPort), servername: 'localhost' });
  far.setNoDelay(true);
  for (const [one, other] of [
    [near, far],
    [far, near],
  ] as const) {
    one.on('error', () => other.destroy());
    one.on('close', () => other.destroy());
    one.pipe(other);
  }
});
server.listen(Number(port), '127.0.0.1');
