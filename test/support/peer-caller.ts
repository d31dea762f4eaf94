import { join } from 'node:path';
import {
  type Client,
  credentials,
  type GrpcObject,
  loadPackageDefinition,
  type ServiceClientConstructor,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { TlsIdentity } from '#libs/relay';
import { ROOT } from '../../deploy/local/paths.mjs';

/** What a request for a server says; the rest is a link of `bank-client-1` in `east` that lost `scheme-server-1`. */
export interface AskedFields {
  readonly connectionId?: string;
  readonly clientId?: string;
  readonly failedServerId?: string;
  readonly serverGroup?: string;
  readonly reason?: string;
  readonly epoch?: bigint;
  readonly requestingRegion?: string;
}

/** One line: the answer, or the status, its stable word and what it says. */
export type Told = string;

/** The member of the answer's `oneof` that is set. */
interface Answer {
  readonly assigned?: {
    readonly serverId: string;
    readonly address: string;
    readonly expiresAt: { readonly seconds: number; readonly nanos: number };
  };
  readonly refused?: { readonly reason: string };
  readonly scaling?: object;
}

type Ask = (
  request: object,
  options: object,
  done: (error: ServiceError | null, answer: Answer) => void,
) => void;

const PROTO = join(ROOT, 'proto/trunkline/control/v1/controller.proto');
const Service = serviceOf(
  loadPackageDefinition(loadSync(PROTO, { longs: Number, includeDirs: [join(ROOT, 'proto')] })),
);

function serviceOf(definition: GrpcObject): ServiceClientConstructor {
  let found: GrpcObject = definition;
  for (const name of ['trunkline', 'control', 'v1']) found = found[name] as GrpcObject;
  return found.ControllerService as ServiceClientConstructor;
}

/** A gRPC client of anybody's that knows nothing but the proto, with or without a certificate. */
export class PeerCaller {
  readonly client: Client & { RequestFailover: Ask };

  /** @param tls undefined: it shows no certificate. */
  constructor(port: number, ca: string | Buffer, tls: Pick<TlsIdentity, 'cert' | 'key'> | undefined) {
    const [key, cert] = tls ? [Buffer.from(tls.key), Buffer.from(tls.cert)] : [null, null];
    const secure = credentials.createSsl(Buffer.from(ca), key, cert, {
      checkServerIdentity: () => undefined,
    });
    this.client = new Service(`127.0.0.1:${port}`, secure, {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.ssl_target_name_override': 'localhost',
    }) as unknown as PeerCaller['client'];
  }

  /** @param withinMs the call's deadline; negative: none. */
  ask(fields: AskedFields = {}, withinMs = 5_000): Promise<Told> {
    const { epoch = 2n, ...given } = fields;
    const request = {
      connectionId: 'bank-client-1:primary',
      clientId: 'bank-client-1',
      failedServerId: 'scheme-server-1',
      serverGroup: 'scheme',
      reason: 'server-lost',
      requestingRegion: 'east',
      ...given,
      epoch: String(epoch),
    };
    const options = withinMs < 0 ? {} : { deadline: Date.now() + withinMs };
    return new Promise((resolve) => {
      this.client.RequestFailover(request, options, (error, answer) =>
        resolve(error ? lineOf(error) : wordsOf(answer)),
      );
    });
  }

  close(): void {
    this.client.close();
  }
}

function wordsOf({ assigned, refused, scaling }: Answer): Told {
  if (refused) return `refused ${refused.reason}`;
  if (!assigned) return scaling ? 'scaling' : 'nothing';
  const { serverId, address, expiresAt } = assigned;
  const untilMs = expiresAt.seconds * 1_000 + expiresAt.nanos / 1e6;
  return `assigned ${serverId} ${address} ${new Date(untilMs).toISOString()}`;
}

function lineOf({ code, details, metadata }: ServiceError): Told {
  const word = metadata.get('trunkline-reason')[0];
  return word === undefined ? status[code] : `${status[code]} ${word} (${details})`;
}
