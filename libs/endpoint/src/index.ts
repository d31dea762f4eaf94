export { type Broker, MAX_BROKERS, readBrokers } from './brokers.ts';
export { openController } from './controller.ts';
export { ENDPOINT_ERRORS, EndpointError, type EndpointErrorCode } from './errors.ts';
export {
  certificateIdentity,
  createGuestIdentity,
  type EndpointIdentity,
  guestIdentity,
} from './identity.ts';
export {
  ENDPOINT_TIMINGS,
  type EndpointOptions,
  type EndpointTimings,
  type ProxyOptions,
} from './options.ts';
export { type ProbeOptions, type ProbeRow, type ProbeTable, probe } from './probe.ts';
export type {
  ControllerOptions,
  ControllerSession,
  Forward,
  ResumeTargetOptions,
  SavedSession,
  Session,
  SessionEnd,
  SessionEvents,
  SessionPhase,
  SessionStatus,
  TargetOptions,
  TargetSession,
} from './session-types.ts';
export { STREAM_LIMITS } from './streams/stream-protocol.ts';
export { attachTarget, resumeTarget } from './target.ts';
