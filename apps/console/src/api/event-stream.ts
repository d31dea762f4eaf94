/** Server-sent events as they come over fetch, because an EventSource can't send a token. */

export interface SentEvent {
  /** `message` unless told. */
  readonly event: string;
  readonly data: string;
}

/**
 * Takes the stream apart, in pieces as they come. A heartbeat may carry an `id` alone, so the last id is asked for apart.
 */
export class EventParser {
  /** The id to go on behind; undefined: none was told. */
  lastId: string | undefined;
  private rest = '';
  private event = '';
  private data: string[] = [];

  /** @returns the events that are complete with this piece of text */
  push(text: string): SentEvent[] {
    const lines = (this.rest + text).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? '';
    const complete: SentEvent[] = [];
    for (const line of lines) {
      const event = this.line(line);
      if (event !== undefined) complete.push(event);
    }
    return complete;
  }

  private line(line: string): SentEvent | undefined {
    if (line === '') return this.dispatch();
    const colon = line.indexOf(':');
    if (colon === 0) return undefined;
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'id') this.lastId = value;
    else if (field === 'event') this.event = value;
    else if (field === 'data') this.data.push(value);
    return undefined;
  }

  private dispatch(): SentEvent | undefined {
    const { event, data } = this;
    this.event = '';
    this.data = [];
    return data.length === 0 ? undefined : { event: event || 'message', data: data.join('\n') };
  }
}
