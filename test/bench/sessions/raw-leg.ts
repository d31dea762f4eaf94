import { connect } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Broker } from '#libs/endpoint';
import {
  dialBroker,
  encodeControl,
  encodePingFrame,
  SESSION_TIMING,
  SESSION_VERSION,
  SessionDecoder,
  splitAddress,
  type TlsIdentity,
} from '#libs/relay';

const DIAL_LIMIT_MS = 10_000;

export interface RawLegGiven {
  readonly broker: Broker;
  readonly tls: TlsIdentity;
}

/** A controller's leg: a code, and its connection once a target is there. */
export async function rawController(
  given: RawLegGiven,
): Promise<{ code: string; opened: Promise<TLSSocket> }> {
  let opened: Promise<TLSSocket> | undefined;
  const code = await new Promise<string>((resolve, reject) => {
    opened = open(given, 'controller', encodeControl('new', {}), resolve);
    opened.catch(reject);
  });
  if (opened === undefined) throw new Error('a code without a leg');
  return { code, opened };
}

/** A target's leg, once its session is open. */
export function rawTarget(given: RawLegGiven, code: string): Promise<TLSSocket> {
  return open(given, 'target', encodeControl('attach', { code, probes: [], consented: true }));
}

/**
 * A leg with no program around it: its connection as it is when the session is open, paused, for data frames. It says
 * that it is alive by pings, whoever reads it or not.
 */
async function open(
  { broker, tls }: RawLegGiven,
  role: 'controller' | 'target',
  request: Buffer,
  coded: (code: string) => void = () => {},
): Promise<TLSSocket> {
  const tcp = connect({ ...splitAddress(broker.address ?? `${broker.host}:${broker.port}`), noDelay: true });
  const socket = await dialBroker({
    ...{ socket: tcp, host: broker.host, brokerId: broker.id, tls, guest: false },
    timeoutMs: DIAL_LIMIT_MS,
  });
  const decoder = new SessionDecoder('broker');
  await new Promise<void>((resolve, reject) => {
    const take = (chunk: Buffer): void => {
      for (const frame of decoder.push(chunk)) {
        if (frame.name === 'welcome') socket.write(request);
        else if (frame.name === 'ping') socket.write(encodePingFrame('pong', frame.token));
        else if (frame.name === 'code') coded(frame.payload.code);
        else if (frame.name === 'opened') {
          socket.pause().off('data', take);
          resolve();
        } else if (frame.name !== 'held') reject(new Error(`${role}: ${JSON.stringify(frame)}`));
      }
    };
    socket.on('data', take).on('error', reject);
    socket.once('close', () => reject(new Error(`${role}: the broker closed the connection`)));
    socket.write(encodeControl('hello', { version: SESSION_VERSION, role }));
    socket.resume();
  });
  const ping = encodePingFrame('ping', 1n);
  const timer = setInterval(() => socket.write(ping), SESSION_TIMING.pingIntervalMs);
  socket.once('close', () => clearInterval(timer));
  return socket;
}
