import { create } from '@bufbuild/protobuf';
import { timestampDate } from '@bufbuild/protobuf/wkt';
import { ChannelCredentials, Client, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import type { TlsIdentity } from '#libs/relay';
import { RequestFailoverRequestSchema } from '../../apps/central-controller/src/failover/gen/trunkline/control/v1/controller_pb.ts';
import { SERVICE } from '../../apps/central-controller/src/failover/service.ts';

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

/** A gRPC client of anybody's, with or without a certificate; it knows nothing of peers. */
export class PlainCaller {
  readonly client: Client;

  /** @param tls undefined: it shows no certificate. */
  constructor(port: number, ca: string | Buffer, tls: TlsIdentity | undefined) {
    const [key, cert] = tls ? [Buffer.from(tls.key), Buffer.from(tls.cert)] : [null, null];
    const credentials = ChannelCredentials.createSsl(Buffer.from(ca), key, cert, {
      checkServerIdentity: () => undefined,
    });
    this.client = new Client(`127.0.0.1:${port}`, credentials, {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.ssl_target_name_override': 'localhost',
    });
  }

  /** @param withinMs the call's deadline; negative: none. */
  ask(fields: AskedFields = {}, withinMs = 5_000): Promise<Told> {
    const { path, requestSerialize, responseDeserialize } = SERVICE.RequestFailover;
    const request = create(RequestFailoverRequestSchema, {
      connectionId: 'bank-client-1:primary',
      clientId: 'bank-client-1',
      failedServerId: 'scheme-server-1',
      serverGroup: 'scheme',
      reason: 'server-lost',
      epoch: 2n,
      requestingRegion: 'east',
      ...fields,
    });
    const options = withinMs < 0 ? {} : { deadline: Date.now() + withinMs };
    return new Promise((resolve) => {
      this.client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        new Metadata(),
        options,
        (error, response) => {
          const answer = response?.answer;
          if (error) resolve(lineOf(error));
          else if (answer?.case === 'assigned') {
            const { serverId, address, expiresAt } = answer.value;
            resolve(`assigned ${serverId} ${address} ${expiresAt && timestampDate(expiresAt).toISOString()}`);
          } else if (answer?.case === 'refused') resolve(`refused ${answer.value.reason}`);
          else resolve(`${answer?.case}`);
        },
      );
    });
  }

  close(): void {
    this.client.close();
  }
}

function lineOf({ code, details, metadata }: ServiceError): Told {
  const word = metadata.get('trunkline-reason')[0];
  return word === undefined ? status[code] : `${status[code]} ${word} (${details})`;
}
