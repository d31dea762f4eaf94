import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';

const WARM_UP = 10;

/** Milliseconds of dials with certificates on both sides, TCP connect to TLS established, each a full handshake. */
export async function tlsDials(pkiFolder: string, leaf: string, samples: number): Promise<number[]> {
  const file = (name: string) => readFileSync(join(pkiFolder, name));
  const identity = { ca: file('ca.crt'), cert: file(`${leaf}.crt`), key: file(`${leaf}.key`) };
  const server = createServer({ ...identity, requestCert: true, rejectUnauthorized: true });
  server.on('secureConnection', (socket) => socket.on('error', () => undefined));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const took: number[] = [];
  for (let index = 0; index < WARM_UP + samples; index++) {
    const begin = performance.now();
    const socket = connect({ ...identity, host: '127.0.0.1', port, servername: 'localhost' });
    await once(socket, 'secureConnect');
    if (index >= WARM_UP) took.push(performance.now() - begin);
    socket.destroy();
  }
  server.close();
  return took;
}
