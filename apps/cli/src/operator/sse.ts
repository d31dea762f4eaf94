/** One server-sent event, as the HTML standard has it. */
export interface ServerEvent {
  readonly id: string | undefined;
  readonly event: string;
  /** Undefined: nothing is told but that the stream lives, and where it is. */
  readonly data: string | undefined;
}

/** Characters of one event that are kept at most; a controller's are far smaller. */
const EVENT_CHARS = 4 * 1024 * 1024;

/** Reads a body of `text/event-stream` to its end; a place counts once the blank line behind it came, also without data. */
export async function* serverEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  let id: string | undefined;
  let event = '';
  let data: string[] = [];
  for await (const bytes of body) {
    rest += decoder.decode(bytes, { stream: true });
    if (rest.length > EVENT_CHARS) throw new Error('the stream sent an event without an end');
    // A CR at the very end may be half of a CRLF.
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        yield { id, event: event || 'message', data: data.length > 0 ? data.join('\n') : undefined };
        event = '';
        data = [];
        continue;
      }
      if (line.startsWith(':')) continue;
      const [, field = line, value = ''] = /^([^:]*): ?(.*)$/.exec(line) ?? [];
      if (field === 'id' && !value.includes('\0')) id = value;
      else if (field === 'event') event = value;
      else if (field === 'data') data.push(value);
    }
  }
}
