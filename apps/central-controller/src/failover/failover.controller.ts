import type { Metadata, ServerUnaryCall } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import { GrpcMethod, RpcException } from '@nestjs/microservices';
import { identityOfPem, type PeerIdentity } from '#libs/relay';
import { traceIn } from '../http/trace-context.ts';
import { FailoverDoor } from './door.ts';
import type {
  RequestFailoverRequest,
  RequestFailoverResponse,
} from './gen/trunkline/control/v1/controller_pb.ts';
import { Refusal } from './refusal.ts';

type Call = ServerUnaryCall<RequestFailoverRequest, RequestFailoverResponse>;

/** The gRPC method, as Nest binds it; what it does is the door's. */
@Controller()
export class FailoverController {
  constructor(@Inject(FailoverDoor) private readonly door: FailoverDoor) {}

  @GrpcMethod('ControllerService', 'RequestFailover')
  async requestFailover(
    request: RequestFailoverRequest,
    metadata: Metadata,
    call: Call,
  ): Promise<RequestFailoverResponse> {
    try {
      return await this.door.requestFailover(request, {
        identity: identityOf(call),
        deadlineMs: deadlineOf(call),
        trace: traceIn(metadata.getMap()),
      });
    } catch (error) {
      throw error instanceof Refusal ? new RpcException(error.toStatus()) : error;
    }
  }
}

/** Of the certificate by which the caller authenticated itself; the transport verified its chain. */
function identityOf(call: Call): PeerIdentity | undefined {
  const certificate = call.getAuthContext().sslPeerCertificate;
  return certificate === undefined ? undefined : identityOfPem(certificate.raw);
}

function deadlineOf(call: Call): number | undefined {
  const deadline = call.getDeadline();
  const ms = deadline instanceof Date ? deadline.getTime() : deadline;
  return Number.isFinite(ms) ? ms : undefined;
}
