import { waitFor } from '../../../../test/support/wait-for.ts';
import type { LiveEvent } from '../model.ts';
import { ApiError } from './client.ts';
import { type FeedState, LiveFeed } from './live-feed.ts';

/** A controller that answers each request for the stream with the next of these. */
class Streams {
  readonly asked: Record<string, string>[] = [];
  readonly events: LiveEvent[] = [];
  readonly states: FeedState[] = [];
  gaps = 0;
  private readonly feed: LiveFeed;

  constructor(private readonly answers: (() => Response | Promise<Response>)[]) {
    this.feed = new LiveFeed({
      open: async (headers) => {
        this.asked.push(headers);
        const answer = this.answers[this.asked.length - 1];
        return answer ? answer() : new Response(new ReadableStream());
      },
      onEvents: (events) => this.events.push(...events),
      onState: (state) => this.states.push(state),
      onGap: () => {
        this.gaps += 1;
      },
    });
  }

  async until(requests: number): Promise<void> {
    this.feed.start();
    await waitFor(() => {
      if (this.states.at(-1)?.state === 'lost') this.feed.retryNow();
      return this.asked.length >= requests && this.states.at(-1)?.state === 'live';
    });
    this.feed.stop();
  }

  get ends(): string[] {
    return this.states.flatMap((each) => (each.state === 'lost' ? [each.why] : []));
  }
}

const refused = (status: number, code: string) => () => {
  throw new ApiError(status, { type: '', title: code, status, code, retriable: false }, code);
};

describe('the live feed', () => {
  it('comes again behind the last id it was told, that of a heartbeat as well', async () => {
    const streams = new Streams([
      () => new Response('id: 1\n: live\n\n'),
      () => new Response('id: 2\nevent: x\ndata: {"type":"x"}\n\n: heartbeat\nid: 3\n\n'),
    ]);
    await streams.until(3);
    expect(streams.asked).toEqual([{}, { 'last-event-id': '1' }, { 'last-event-id': '3' }]);
    expect(streams.events).toEqual([{ type: 'x' }]);
    expect(streams.gaps).toBe(0);
  });

  it('says why it was ended by the controller, and gives on nothing of that as an event', async () => {
    const end = (name: string, code: string) => `id: 1\n\nevent: ${name}\ndata: {"code":"${code}"}\n\n`;
    const streams = new Streams([
      () => new Response(end('error', 'slow-reader')),
      () => new Response(end('end', 'shutting-down')),
    ]);
    await streams.until(3);
    expect(streams.ends).toEqual([
      'This page did not keep up with the stream.',
      'The stream was ended: shutting-down.',
    ]);
    expect(streams.events).toEqual([]);
  });

  it('begins anew, and has all read again, where its place is no longer kept', async () => {
    const streams = new Streams([() => new Response('id: 1\n\n'), refused(410, 'before-retention')]);
    await streams.until(3);
    expect(streams.asked).toEqual([{}, { 'last-event-id': '1' }, {}]);
    expect(streams.gaps).toBeGreaterThan(0);
  });

  it('keeps its place while the controller is away', async () => {
    const away = () => Promise.reject(new ApiError(0, undefined, 'The controller cannot be reached.'));
    const streams = new Streams([() => new Response('id: 7\n\n'), away, refused(503, 'log-unavailable')]);
    await streams.until(4);
    expect(streams.asked.slice(1)).toEqual(Array(3).fill({ 'last-event-id': '7' }));
    expect(streams.ends).toContain('The controller cannot be reached.');
    expect(streams.gaps).toBe(0);
  });

  it('that was never told an id has all read again when it comes back', async () => {
    const streams = new Streams([() => new Response(': live\n\n')]);
    await streams.until(2);
    expect(streams.gaps).toBe(1);
  });
});
