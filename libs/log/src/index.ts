export { ClaimTracker } from './claims.ts';
export { decodeRecord, NO_LIMITS, WIRE_LIMITS } from './codec/decode.ts';
export { deadLetter, forwarded, putAside, TRUNCATED_HEADER, wasForwarded } from './dead-letter.ts';
export { LogUnavailable, RecordsRefused, TruthUnreadable, WrongTopic } from './errors.ts';
export { followLog } from './follow/follow-log.ts';
export { type Judged, judgeRecord } from './follow/judge-record.ts';
export { recentPositions } from './follow/recent.ts';
export {
  EARLIEST,
  type FollowedBatch,
  type FollowedDecision,
  type Follower,
  type FollowOptions,
  type LogPosition,
} from './follow/types.ts';
export { KafkaLog } from './kafka/log.ts';
export type { KafkaLogOptions } from './kafka/options.ts';
export type { TopicFault } from './kafka/topics.ts';
export type {
  Decision,
  DecisionData,
  InputVerdict,
  LoopDefinition,
  Outcome,
  PartitionView,
} from './loop/definition.ts';
export type { ControlLoop, LoopClock, LoopOptions, OwnedPartition } from './loop/handle.ts';
export { runControlLoop } from './loop/run-control-loop.ts';
export {
  MemoryBroker,
  type MemoryBrokerOptions,
  type WriteFault,
  type WriteRequest,
} from './memory/broker.ts';
export { eventLoopScheduler, type MemoryScheduler } from './memory/scheduler.ts';
export { partitionOf } from './murmur2.ts';
export type { FailureWhere, LogObserver, ReclaimCause } from './observer.ts';
export type {
  Batch,
  Consumer,
  DataReader,
  EncodedRecord,
  EnsureTopicsOptions,
  GroupSubscription,
  Log,
  LogRecord,
  MessageParser,
  OutgoingEvent,
  ParseResult,
  PartitionOffsets,
  RawRecord,
  ReceivedEvent,
  RecordPosition,
  StartAt,
  TailSubscription,
  TopicPartition,
  UnreadableRecord,
} from './port.ts';
export { type OffsetRange, RANGE_LIMITS, RangeReader, type RangeReaderOptions } from './range-reader.ts';
export {
  type LogSpan,
  type LogTracer,
  startProcess,
  type TraceContext,
  traceHeaders,
  traceOf,
} from './tracing.ts';
