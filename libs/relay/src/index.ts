export { ByteQueue } from './byte-queue.ts';
export { type Frame, FrameDecoder } from './frame-decoder.ts';
export {
  identityOfPem,
  type PeerIdentity,
  parseSpiffeName,
  peerCertificate,
  peerIdentity,
} from './identity.ts';
export {
  encodePreface,
  LINK_LIMITS,
  LINK_VERSION,
  LinkProtocolError,
  PROTOCOL_FAULTS,
  type Preface,
  type ProtocolFault,
  REFUSE_CODES,
  type RefuseCode,
} from './link-protocol.ts';
export { LinkPath, type PathEnd, type PathHandlers, type PathOptions, refuseStream } from './path.ts';
export { rehearseDial } from './rehearsal.ts';
export { SessionDecoder } from './session-decoder.ts';
export { SESSION_PAYLOAD_LIMITS, type SessionPayloads, type SessionProbe } from './session-payloads.ts';
export { endpointIdOfPem, guestId, type SessionPeer, sessionPeer } from './session-peer.ts';
export {
  allocateDataFrame,
  type ControlFrameName,
  encodeControl,
  encodePingFrame,
  SESSION_FAULTS,
  SESSION_LIMITS,
  SESSION_REFUSALS,
  SESSION_TIMING,
  SESSION_VERSION,
  type SessionFault,
  type SessionFrame,
  type SessionFrameName,
  SessionProtocolError,
  type SessionRefusal,
} from './session-protocol.ts';
export { BrokerDialError, type BrokerDialFault, type BrokerDialOptions, dialBroker } from './session-tls.ts';
export {
  DialError,
  type DialFault,
  type DialOptions,
  dialLink,
  type IncomingDial,
  type LinkListener,
  type ListenOptions,
  listenForLinks,
  splitAddress,
  type TlsIdentity,
} from './tls.ts';
