import { type Server, ServerCredentials } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import type { INestApplication } from '@nestjs/common';
import { type GrpcOptions, Transport } from '@nestjs/microservices';
import type { TlsIdentity } from '#libs/relay';
import type { Configuration } from '../config.ts';
import { CONFIGURATION } from '../core/tokens.ts';
import { DoorHealth } from './failover.module.ts';
import { PEER_LIMITS } from './limits.ts';
import { PACKAGE_NAME, reflectedPackages, SERVICE, SERVICE_NAME } from './service.ts';

/** Lets the application listen for its peers as well, from `startAllMicroservices()` on. */
export function openDoor(app: INestApplication): void {
  const { config, tls } = app.get<Configuration>(CONFIGURATION);
  if (tls === undefined) throw new Error('the gRPC door needs certificates');
  const { implementation } = app.get(DoorHealth);
  const options: GrpcOptions['options'] = {
    url: `${config.grpcHost}:${config.grpcPort}`,
    package: PACKAGE_NAME,
    packageDefinition: { [SERVICE_NAME]: SERVICE },
    credentials: mutualTls(tls),
    maxReceiveMessageLength: PEER_LIMITS.messageBytes,
    maxSendMessageLength: PEER_LIMITS.messageBytes,
    channelOptions: {
      'grpc.max_concurrent_streams': PEER_LIMITS.streamsPerConnection,
      'grpc.keepalive_time_ms': PEER_LIMITS.keepaliveMs,
      'grpc.keepalive_timeout_ms': PEER_LIMITS.keepaliveTimeoutMs,
    },
    onLoadPackageDefinition: (_packages: unknown, server: Server) => {
      implementation.addToServer(server);
      new ReflectionService(reflectedPackages()).addToServer(server);
    },
  };
  app.connectMicroservice<GrpcOptions>({ transport: Transport.GRPC, options });
}

/** Nobody gets as far as a call without a certificate of our authority. */
function mutualTls({ ca, cert, key }: TlsIdentity): ServerCredentials {
  const pair = { cert_chain: Buffer.from(cert), private_key: Buffer.from(key) };
  return ServerCredentials.createSsl(Buffer.from(ca), [pair], true);
}
