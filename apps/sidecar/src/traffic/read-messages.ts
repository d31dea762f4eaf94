import { type Framing, FramingError, type Message, readMessage } from './framing.ts';

/** The messages that a path brought; undefined when one of them is none in this framing. */
export function readMessages(payloads: readonly Buffer[], framing: Framing): Message[] | undefined {
  try {
    return payloads.map((bytes) => readMessage(bytes, framing));
  } catch (error) {
    if (error instanceof FramingError) return undefined;
    throw error;
  }
}
