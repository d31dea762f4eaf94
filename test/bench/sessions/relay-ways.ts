import { fileURLToPath } from 'node:url';
import type { Layout } from '../../../deploy/local/paths.mjs';
import { launch } from '../../../deploy/local/processes.mjs';
import { freePort } from '../../support/servers.mjs';
import type { Name } from '../../support/stack.ts';
import { waitFor } from '../../support/wait-for.ts';
import { type FloorRelay, startHaproxy, untilListening } from '../floors/haproxy.ts';
import { RelayEnd } from './relay-ends.ts';
import type { SessionStage } from './stage.ts';
import type { TlsFiles } from './tls-files.ts';

const RELAY_BROKERS: readonly Name[] = ['broker-us-1', 'broker-us-2'];

/** What stands between both ends. `brokers`: two processes, each with half of the streams. `direct`: nothing. */
export type WayName = 'broker' | 'brokers' | 'haproxy' | 'node-pipe' | 'direct';

export interface Ends {
  readonly source: RelayEnd;
  readonly sink: RelayEnd;
}

interface Way {
  /** Whose processor time counts. */
  readonly pids: readonly number[];
  connect(ends: Ends, streams: number): Promise<void>;
  stop(): void;
}

/** Where figures of relays are taken: the same two ends for all of them. */
export class RelayStage {
  readonly ends: Ends = { source: new RelayEnd(), sink: new RelayEnd() };

  constructor(private readonly stage: SessionStage) {}

  /** Both ends connected by a way, for as long as `watch` takes. */
  async through<T>(
    name: WayName,
    streams: number,
    watch: (ends: Ends, pids: readonly number[]) => Promise<T>,
  ): Promise<T> {
    const { source, sink } = this.ends;
    const way = await wayOf(this.stage, name, this.ends);
    try {
      await way.connect(this.ends, streams);
      return await watch(this.ends, way.pids);
    } finally {
      await source.ask('clear');
      await sink.ask('clear');
      way.stop();
    }
  }

  end(): void {
    for (const end of Object.values(this.ends)) end.end();
  }
}

async function wayOf(stage: SessionStage, name: WayName, { sink }: Ends): Promise<Way> {
  if (name === 'broker') return throughBrokers(stage, RELAY_BROKERS.slice(0, 1));
  if (name === 'brokers') return throughBrokers(stage, RELAY_BROKERS);
  const { layout } = stage.stack;
  const tls = stage.files('operator');
  const port = await sink.ask('listen', tls);
  if (name === 'direct')
    return { pids: [], connect: (ends, streams) => dialThrough(ends, port, tls, streams), stop: () => {} };
  const start = name === 'haproxy' ? startHaproxy : startPipe;
  const between = await start(layout, tls, port);
  return {
    pids: [between.pid],
    connect: (ends, streams) => dialThrough(ends, between.port, tls, streams),
    stop: () => between.stop(),
  };
}

/** As many sessions as streams, so that a stream is a TLS connection at either side, as it is at the floor. */
function throughBrokers({ stack, broker, files }: SessionStage, names: readonly Name[]): Way {
  return {
    pids: names.map((name) => stack.program(name).pid),
    async connect({ source, sink }, streams) {
      for (const name of names) {
        const here = streams / names.length;
        const codes = await source.ask('controllers', broker(name), files('controller'), here);
        await sink.ask('targets', broker(name), files('target'), codes);
      }
      await source.ask('opened');
    },
    stop: () => {},
  };
}

async function dialThrough(
  { source, sink }: Ends,
  port: number,
  tls: TlsFiles,
  streams: number,
): Promise<void> {
  await source.ask('dial', port, tls, streams);
  await waitFor(async () => (await sink.ask('came')) === streams, { what: 'all connections' });
}

async function startPipe(layout: Layout, tls: TlsFiles, targetPort: number): Promise<FloorRelay> {
  const port = await freePort();
  const file = fileURLToPath(new URL('../floors/tls-pipe.ts', import.meta.url));
  const hooks = fileURLToPath(new URL('../typescript.mjs', import.meta.url));
  const child = launch(layout, {
    name: `tls-pipe-${port}`,
    command: process.execPath,
    args: ['--import', hooks, file, String(port), String(targetPort), tls.ca, tls.cert, tls.key],
  });
  await untilListening(port, `the Node pipe on ${port}`);
  return { port, pid: child.pid ?? 0, stop: () => void child.kill('SIGKILL') };
}
