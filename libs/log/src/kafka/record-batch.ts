import type { Message } from 'kafkajs';
import { crc32c } from './crc32c.ts';

/** What one produce request says of one partition. */
export interface PartitionMessages {
  readonly partition: number;
  readonly messages: readonly Message[];
}

export interface TopicMessages {
  readonly topic: string;
  readonly partitions: readonly PartitionMessages[];
}

/**
 * Body of a Produce request, version 3 to 7, whose records have neither a transaction nor a compression:
 *
 *   transactional_id null i16 | acks i16 | timeout i32 | topics i32 × { name i16 + bytes | partitions i32 ×
 *     { partition i32 | size i32 | record batch } }
 *
 * A record batch (magic 2):
 *
 *   base offset i64 | length i32 | leader epoch i32 | magic i8 | CRC-32C u32 of all that follows |
 *   attributes i16 | last offset delta i32 | first and max timestamp i64 | producer id i64, epoch i16, sequence i32 |
 *   records i32 × { length | attributes i8 | timestamp delta | offset delta | key | value | headers × { name | value } }
 *
 * Lengths, deltas and counts of a record are zigzag varints. Integers are big-endian.
 */
export function encodeProduce(
  acks: number,
  timeoutMs: number,
  topics: readonly TopicMessages[],
  nowMs: number,
): Buffer {
  const out = new ByteWriter(estimate(topics));
  out.int16(-1);
  out.int16(acks);
  out.int32(timeoutMs);
  out.int32(topics.length);
  for (const { topic, partitions } of topics) {
    out.int16(Buffer.byteLength(topic));
    out.text(topic);
    out.int32(partitions.length);
    for (const { partition, messages } of partitions) {
      out.int32(partition);
      const sizeAt = out.reserve(4);
      writeBatch(out, messages, nowMs);
      out.setInt32(sizeAt, out.length - sizeAt - 4);
    }
  }
  return out.bytes();
}

const MAGIC = 2;
const NO_PRODUCER = 0xffffffff;
const TWO_TO_32 = 0x100000000;

function writeBatch(out: ByteWriter, messages: readonly Message[], nowMs: number): void {
  out.int32(0);
  out.int32(0);
  const lengthAt = out.reserve(4);
  out.int32(0);
  out.int8(MAGIC);
  const crcAt = out.reserve(4);
  out.int16(0);
  out.int32(messages.length - 1);
  for (let timestamp = 0; timestamp < 2; timestamp += 1) {
    out.int32(Math.floor(nowMs / TWO_TO_32));
    out.int32(nowMs % TWO_TO_32);
  }
  out.int32(NO_PRODUCER);
  out.int32(NO_PRODUCER);
  out.int16(0);
  out.int32(0);
  out.int32(messages.length);
  for (let offset = 0; offset < messages.length; offset += 1) {
    writeRecord(out, messages[offset] as Message, offset);
  }
  out.setInt32(lengthAt, out.length - lengthAt - 4);
  out.setInt32(crcAt, out.crcFrom(crcAt + 4));
}

function writeRecord(out: ByteWriter, message: Message, offsetDelta: number): void {
  const { key, value, headers } = message;
  const start = out.beginSized();
  out.int8(0);
  out.varint(0);
  out.varint(offsetDelta);
  out.sized(key);
  out.sized(value);
  const names = headers ? Object.keys(headers) : [];
  out.varint(names.length);
  for (const name of names) {
    out.sized(name);
    out.sized(headers?.[name] as Buffer | string | undefined);
  }
  out.endSized(start);
}

/** Enough for records of single-byte characters; more grows. */
function estimate(topics: readonly TopicMessages[]): number {
  let size = 64;
  for (const { topic, partitions } of topics) {
    size += topic.length + 16;
    for (const { messages } of partitions) {
      size += 80;
      for (const { key, value, headers } of messages) {
        size += (key?.length ?? 0) + (value?.length ?? 0) + 32;
        for (const name in headers) size += name.length + (headers[name]?.length ?? 0) + 4;
      }
    }
  }
  return size;
}

/** Short texts are written here; a call into Node costs more than they do. */
const SHORT_TEXT = 64;
/** Records are nearly always between 64 and 8,191 bytes, whose length takes two. */
const LENGTH_BYTES = 2;

class ByteWriter {
  private buffer: Buffer;
  length = 0;

  constructor(size: number) {
    this.buffer = Buffer.allocUnsafe(size);
  }

  bytes(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  int8(value: number): void {
    this.room(1);
    this.buffer[this.length++] = value;
  }

  int16(value: number): void {
    this.room(2);
    this.buffer[this.length++] = value >>> 8;
    this.buffer[this.length++] = value;
  }

  int32(value: number): void {
    this.room(4);
    this.setInt32(this.length, value);
    this.length += 4;
  }

  setInt32(at: number, value: number): void {
    const { buffer } = this;
    buffer[at] = value >>> 24;
    buffer[at + 1] = value >>> 16;
    buffer[at + 2] = value >>> 8;
    buffer[at + 3] = value;
  }

  reserve(bytes: number): number {
    this.room(bytes);
    this.length += bytes;
    return this.length - bytes;
  }

  crcFrom(start: number): number {
    return crc32c(this.buffer, start, this.length);
  }

  varint(value: number): void {
    this.room(5);
    this.length = this.putVarint(this.length, value);
  }

  /** What follows, up to `endSized`, has its length before it. */
  beginSized(): number {
    return this.reserve(LENGTH_BYTES);
  }

  endSized(start: number): void {
    const from = start + LENGTH_BYTES;
    const size = this.length - from;
    const lengthBytes = varintBytes(size);
    if (lengthBytes !== LENGTH_BYTES) {
      this.room(lengthBytes);
      this.buffer.copyWithin(start + lengthBytes, from, this.length);
      this.length += lengthBytes - LENGTH_BYTES;
    }
    this.putVarint(start, size);
  }

  /** A text or bytes behind their length; absent: length -1. */
  sized(value: Buffer | string | null | undefined): void {
    if (value === null || value === undefined) {
      this.varint(-1);
    } else if (typeof value !== 'string') {
      this.varint(value.length);
      this.room(value.length);
      this.buffer.set(value, this.length);
      this.length += value.length;
    } else if (value.length > SHORT_TEXT || !this.shortText(value)) {
      this.varint(Buffer.byteLength(value));
      this.text(value);
    }
  }

  text(value: string): void {
    // In UTF-8 no UTF-16 code unit takes more than three bytes.
    if (this.length + 3 * value.length > this.buffer.length) this.room(Buffer.byteLength(value));
    this.length += this.buffer.write(value, this.length);
  }

  /** @returns false: it is not plain ASCII, and nothing was written. */
  private shortText(value: string): boolean {
    this.room(LENGTH_BYTES + value.length);
    const { buffer } = this;
    const start = this.length;
    let at = this.putVarint(start, value.length);
    for (let index = 0; index < value.length; index += 1) {
      const code = value.charCodeAt(index);
      if (code > 0x7f) return false;
      buffer[at++] = code;
    }
    this.length = at;
    return true;
  }

  private putVarint(start: number, value: number): number {
    const { buffer } = this;
    let at = start;
    let rest = ((value << 1) ^ (value >> 31)) >>> 0;
    for (; rest > 0x7f; rest >>>= 7) buffer[at++] = (rest & 0x7f) | 0x80;
    buffer[at++] = rest;
    return at;
  }

  private room(bytes: number): void {
    const needed = this.length + bytes;
    if (needed <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.buffer.length));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = ((value << 1) ^ (value >> 31)) >>> 0; rest > 0x7f; rest >>>= 7) bytes += 1;
  return bytes;
}
