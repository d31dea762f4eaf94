import { identityOfPem } from './identity.ts';
import { DialError, dialLink, listenForLinks, type TlsIdentity } from './tls.ts';

/** The first handshake of a process takes twice as long as its third. */
const ROUNDS = 3;
const LIMIT_MS = 2_000;

/**
 * Dials itself over loopback, a few times. A certificate, key and authority that do not fit together are found
 * out before anything depends on them, and the first dial that matters is as fast as any: a server sidecar that
 * takes over a link has often carried nothing yet.
 * @throws DialError
 */
export async function rehearseDial(tls: TlsIdentity): Promise<void> {
  const identity = identityOfPem(tls.cert);
  if (identity === undefined) throw new DialError('wrong-identity', 'the certificate names no agent');
  const isOwn = (peer: { id: string }): boolean => peer.id === identity.id;
  let refusal = '';
  const listener = await listenForLinks({
    host: '127.0.0.1',
    port: 0,
    tls,
    prefaceTimeoutMs: LIMIT_MS,
    maxConnections: ROUNDS,
    isAllowed: isOwn,
    dialled: ({ stream }) => stream.destroy(),
    refused: (why) => {
      refusal = why;
    },
  });
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      const stream = await dialLink({
        address: `127.0.0.1:${listener.port}`,
        tls,
        preface: { epoch: 1, connectionId: 'rehearsal', clientId: identity.id },
        isExpected: isOwn,
        timeoutMs: LIMIT_MS,
      });
      await new Promise<void>((resolve) => {
        stream.on('error', () => {}).once('close', () => resolve());
        stream.resume();
      });
      if (refusal !== '') throw new DialError('dial-failed', refusal);
    }
  } finally {
    await listener.close();
  }
}
