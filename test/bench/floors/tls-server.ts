import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';

// A process of its own: connections with certificates on both sides, and nothing else.
const [ca = '', cert = '', key = ''] = process.argv.slice(2);
const identity = { ca: readFileSync(ca), cert: readFileSync(cert), key: readFileSync(key) };
const server = createServer({ ...identity, requestCert: true, minVersion: 'TLSv1.3', noDelay: true });
server.on('secureConnection', (socket) => socket.on('error', () => {}).resume());
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.on('disconnect', () => process.exit(0));
