import { fileURLToPath } from 'node:url';
import { Client, credentials, loadPackageDefinition, status } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

export interface PeerQuestion {
  readonly connection_id: string;
  readonly client_id: string;
  readonly server_group: string;
  readonly failed_server_id: string;
  readonly reason: string;
  readonly epoch: number;
  readonly requesting_region: string;
  /** Absent: the call has no deadline. */
  readonly deadlineMs?: number;
}

/** What came of a call: the member of the answer that was set with its fields, or the name of a gRPC status. */
export interface PeerAnswer {
  readonly code: string;
  readonly result?: 'assigned' | 'scaling' | 'refused';
  readonly [field: string]: unknown;
}

const PROTO_ROOT = fileURLToPath(new URL('../../proto/', import.meta.url));
const PROTO = fileURLToPath(new URL('../../proto/trunkline/control/v1/controller.proto', import.meta.url));

/** A gRPC client that knows nothing but the proto, as other people's programs are. */
export class PeerCaller {
  private readonly client: Client;

  constructor(address: string, tls: { ca: Buffer; cert?: Buffer; key?: Buffer }) {
    const definition = loadSync(PROTO, {
      keepCase: true,
      longs: Number,
      oneofs: true,
      includeDirs: [PROTO_ROOT],
    });
    // biome-ignore lint/suspicious/noExplicitAny: the package is made of the proto at run time
    const made = loadPackageDefinition(definition) as any;
    const Service = made.trunkline.control.v1.ControllerService as typeof Client;
    this.client = new Service(address, credentials.createSsl(tls.ca, tls.key ?? null, tls.cert ?? null));
  }

  request({ deadlineMs, ...question }: PeerQuestion): Promise<PeerAnswer> {
    const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
    return new Promise((resolve) => {
      // biome-ignore lint/suspicious/noExplicitAny: as above
      (this.client as any).RequestFailover(question, options, (error: any, answer: any) => {
        if (error) resolve({ code: status[error.code] ?? String(error.code), details: error.details });
        else {
          const result = ['assigned', 'scaling', 'refused'].find((name) => answer[name]);
          resolve({ code: 'OK', result, ...(result && answer[result]) });
        }
      });
    });
  }

  close(): void {
    this.client.close();
  }
}
