import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema, file_google_protobuf_timestamp } from '@bufbuild/protobuf/wkt';
import type { MethodDefinition } from '@grpc/grpc-js';
import { loadFileDescriptorSetFromBuffer, loadSync, type PackageDefinition } from '@grpc/proto-loader';
import { protoPath as healthProto } from 'grpc-health-check';
import {
  ControllerService,
  file_trunkline_control_v1_controller,
  type RequestFailoverRequest,
  RequestFailoverRequestSchema,
  type RequestFailoverResponse,
  RequestFailoverResponseSchema,
} from './gen/trunkline/control/v1/controller_pb.ts';

/** `trunkline.control.v1.ControllerService`. */
export const SERVICE_NAME = ControllerService.typeName;
export const PACKAGE_NAME = file_trunkline_control_v1_controller.proto.package;

/** The service as grpc-js and Nest take it, over the code that was generated from the contract. */
export const SERVICE: {
  readonly RequestFailover: MethodDefinition<RequestFailoverRequest, RequestFailoverResponse>;
} = {
  RequestFailover: {
    path: `/${SERVICE_NAME}/${ControllerService.method.requestFailover.name}`,
    requestStream: false,
    responseStream: false,
    requestSerialize: (message) => Buffer.from(toBinary(RequestFailoverRequestSchema, message)),
    requestDeserialize: (bytes) => fromBinary(RequestFailoverRequestSchema, bytes),
    responseSerialize: (message) => Buffer.from(toBinary(RequestFailoverResponseSchema, message)),
    responseDeserialize: (bytes) => fromBinary(RequestFailoverResponseSchema, bytes),
  },
};

/** How spans call the method, at both its ends. */
export const CALL_NAME = SERVICE.RequestFailover.path.slice(1);

/** By the semantic conventions of RPC. */
export function callAttributes(connectionId: string): Readonly<Record<string, string>> {
  return {
    'rpc.system': 'grpc',
    'rpc.service': SERVICE_NAME,
    'rpc.method': ControllerService.method.requestFailover.name,
    'trunkline.connection_id': connectionId,
  };
}

/** What reflection tells of: the contract, and the health service beside it. */
export function reflectedPackages(): PackageDefinition {
  const files = create(FileDescriptorSetSchema, {
    file: [file_google_protobuf_timestamp.proto, file_trunkline_control_v1_controller.proto],
  });
  return {
    ...loadSync(healthProto),
    ...loadFileDescriptorSetFromBuffer(Buffer.from(toBinary(FileDescriptorSetSchema, files))),
  };
}
