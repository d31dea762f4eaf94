import type { EndpointError, ProbeTable, Session, SessionEnd, SessionStatus } from '#libs/endpoint';
import type { Output } from '../exit.ts';
import type { Terminal } from '../terminal.ts';
import { bytesText, liveText, probeLines } from './texts.ts';

const LIVE_EVERY_MS = 500;
/** In JSON, the state of a running session is told so often. */
const STATUS_EVERY_MS = 5_000;

/** Says what happens: in words with a live line for people, or one JSON object a line for programs. */
export class Reporter {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly output: Output,
    private readonly terminal: Terminal,
    private readonly isJson: boolean,
  ) {}

  /** @param words for people; undefined: only programs are told */
  event(name: string, data: object, words?: string): void {
    if (this.isJson) {
      this.output.out(`${JSON.stringify({ event: name, ...data })}\n`);
    } else if (words !== undefined) {
      this.terminal.live('');
      this.output.out(`${words}\n`);
    }
  }

  progress(words: string): void {
    if (!this.isJson) this.terminal.live(words);
  }

  probe(table: ProbeTable): void {
    const rows = table.rows.map(({ broker, status, roundTripMs, jitterMs, samples, detail }) => ({
      broker_id: broker.id,
      region: broker.region,
      status,
      detail,
      rtt_ms: roundTripMs,
      jitter_ms: jitterMs,
      samples,
    }));
    this.event('probe', { brokers: rows, best: table.best?.broker.id }, probeLines(table).join('\n'));
  }

  error(error: EndpointError): void {
    if (!this.isJson) return;
    const { code, message, retriable, retryAfterMs } = error;
    this.event('error', { code, message, retriable, retry_after_ms: retryAfterMs });
  }

  /** Follows a session to its end. */
  async follow(session: Session, hint: string): Promise<SessionEnd> {
    session.on('peer', ({ id }) => this.event('peer', { id }, `the other side is ${id}`));
    const opened = (brokerId: string | undefined, epoch: number): void =>
      this.event('open', { broker_id: brokerId, epoch }, `open, through ${brokerId}`);
    const { phase, brokerId, epoch } = session.status;
    if (phase === 'open') opened(brokerId, epoch);
    else session.on('open', (at) => opened(at.brokerId, at.epoch));
    session.on('interrupted', ({ reason }) =>
      this.event('interrupted', { reason }, `interrupted (${reason}); connections wait, nothing is lost`),
    );
    session.on('resumed', ({ brokerId, epoch, pauseMs }) =>
      this.event(
        'resumed',
        { broker_id: brokerId, epoch, pause_ms: Math.round(pauseMs) },
        `resumed through ${brokerId} after ${(pauseMs / 1_000).toFixed(1)} s`,
      ),
    );
    session.on('retrying', ({ brokerId, error, waitMs }) =>
      this.event('retrying', {
        broker_id: brokerId,
        code: error.code,
        message: error.message,
        wait_ms: waitMs,
      }),
    );
    this.timer = setInterval(
      () => this.tick(session.status, hint),
      this.isJson ? STATUS_EVERY_MS : LIVE_EVERY_MS,
    );
    try {
      return await session.closed;
    } finally {
      clearInterval(this.timer);
      this.terminal.live('');
    }
  }

  closed(end: SessionEnd, status: SessionStatus): void {
    const { bytesSent, bytesReceived, resumes } = status;
    this.event(
      'closed',
      { reason: end.reason, code: end.error?.code, ...statusData(status) },
      `over: ${end.reason}; ${bytesText(bytesSent)} sent, ${bytesText(bytesReceived)} received, resumed ${resumes} times`,
    );
  }

  private tick(status: SessionStatus, hint: string): void {
    if (this.isJson) this.event('status', statusData(status));
    else this.terminal.live(liveText(status, hint));
  }
}

function statusData(status: SessionStatus): object {
  return {
    phase: status.phase,
    connection_id: status.connectionId,
    home_region: status.homeRegion,
    broker_id: status.brokerId,
    epoch: status.epoch,
    peer: status.peer,
    rtt_ms: status.roundTripMs,
    bytes_sent: status.bytesSent,
    bytes_received: status.bytesReceived,
    streams: status.streams,
    resumes: status.resumes,
  };
}
