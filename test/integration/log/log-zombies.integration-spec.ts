import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { KafkaLog } from '#libs/log';
import { waitFor } from '../../support/wait-for.ts';
import { audit, readAll } from './audit.ts';
import { commandId } from './ledger.ts';
import { PARTITIONS, World } from './processes.ts';

const brokers = process.env.TRUNKLINE_KAFKA_BROKERS ?? '';
const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** A process with a control loop of its own, and the lines it said. */
class Zombie {
  readonly lines: string[] = [];
  private readonly child: ChildProcess;

  constructor(region: string, moment: 'before' | 'after') {
    const args = ['--conditions=source', '--import', path('ts-loader.mjs'), path('zombie-process.ts')];
    this.child = spawn(process.execPath, [...args, region, moment, brokers], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.child.stdout?.on('data', (chunk: Buffer) => {
      const lines = chunk.toString('utf8').trim().split('\n');
      this.lines.push(...lines);
      // Stopped at once, in the middle of what it says it is doing.
      if (lines.includes('stop me')) this.child.kill('SIGSTOP');
    });
  }

  async until(line: string): Promise<void> {
    await waitFor(() => this.lines.some((said) => said.startsWith(line)), {
      withinMs: 40_000,
      what: `"${line}" of ${JSON.stringify(this.lines)}`,
    });
  }

  /** The next append is the one it is stopped in. */
  async arm(): Promise<void> {
    this.child.stdin?.write('arm\n');
    await this.until('armed');
  }

  resume(): void {
    this.lines.length = 0;
    this.child.kill('SIGCONT');
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }
}

describe('an owner that was stopped in the middle of an append', () => {
  it.each(['before', 'after'] as const)(
    'and continued after another took over writes nothing that counts and sends no command (stopped %s the request landed)',
    async (moment) => {
      const world = await World.open({
        connect: (clientId, observer) =>
          new KafkaLog({ brokers: [brokers], clientId, ...(observer && { observer }) }),
        close: async () => undefined,
      });
      const zombie = new Zombie(world.region, moment);
      try {
        await zombie.until('ready');
        await world.log.publish([world.fact('k', 1)]);
        await zombie.until('commanded');
        await zombie.arm();
        await world.log.publish([world.fact('k', 2)]);
        await zombie.until('stop me');
        const heir = await world.startUnready();
        await waitFor(() => heir.loop.partitions().length === PARTITIONS && heir.loop.ready(), {
          withinMs: 30_000,
          what: 'the heir to own every partition',
        });
        await world.untilSums(new Map([['k', 3]]));
        await world.log.publish([world.fact('k', 4)]);
        await world.untilSums(new Map([['k', 7]]));
        zombie.resume();
        await zombie.until('reclaiming');
        await world.log.publish([world.fact('k', 8)]);
        await waitFor(async () => (await audit(world.log, world.region)).sums.get('k') === 15, {
          withinMs: 30_000,
        });
        const found = await audit(world.log, world.region);
        expect(found.decisions).toHaveLength(4);
        // What it wrote late stands in the log, and is void; what had landed is the heir's to command.
        const written = await readAll(world.log, world.topic('controllerEvents'));
        expect(written.filter(({ id }) => id === 'k/2')).toHaveLength(moment === 'before' ? 2 : 1);
        const commands = await readAll(world.log, world.topic('failoverCommands'));
        const interrupted = commands.filter(({ id }) => id === commandId({ key: 'k', version: 2 }));
        expect(interrupted.map(({ source }) => source)).not.toContain('zombie');
        expect(interrupted.length).toBeGreaterThan(0);
      } finally {
        zombie.kill();
        await world.close();
      }
    },
    90_000,
  );
});
