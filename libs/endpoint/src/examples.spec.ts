import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endpointSpiffeId } from '#libs/contracts';
import { waitFor } from '../../../test/support/wait-for.ts';
import { FakeExchange } from '../testing/fake-exchange.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

describe('the examples', () => {
  const running: ChildProcess[] = [];
  const dir = mkdtempSync(join(tmpdir(), 'trunkline-examples-'));
  afterAll(() => {
    for (const child of running) child.kill();
    rmSync(dir, { recursive: true });
  });
  const file = (name: string, text: string): string => {
    const path = join(dir, name);
    writeFileSync(path, text);
    return path;
  };
  const start = (example: string, ...args: string[]): { output: string; code: number | null | undefined } => {
    const script = join('libs/endpoint/examples', `${example}.ts`);
    const child = spawn(process.execPath, ['--import', './test/bench/typescript.mjs', script, ...args], {
      cwd: ROOT,
      env: {},
    });
    running.push(child);
    const run = { output: '', code: undefined as number | null | undefined };
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        run.output += String(chunk);
      });
    }
    child.on('exit', (code) => {
      run.code = code;
    });
    return run;
  };

  it('speak with each other, and end when the controller hangs up', async () => {
    const exchange = await FakeExchange.start('broker-us-1', 'broker-in-3');
    const pair = await exchange.issue('ann', endpointSpiffeId('ann'));
    const brokers = file('brokers.json', JSON.stringify(exchange.list));
    const ca = file('ca.crt', exchange.authority.cert);
    const controller = start(
      'controller',
      brokers,
      ca,
      file('ann.crt', pair.cert),
      file('ann.key', pair.key),
    );
    const find = (): string | undefined => /the code is (\S+),/.exec(controller.output)?.[1];
    const code = await waitFor(find, { withinMs: 30_000, what: 'the code' });
    const target = start('target', brokers, ca, code);
    await waitFor(() => controller.code !== undefined && target.code !== undefined, { withinMs: 30_000 });
    expect(controller.output).toContain('HELLO FROM THE CONTROLLER');
    expect(target.output).toContain('ann controls, through broker-');
    expect(target.output).toContain('over: hung-up');
    expect([controller.code, target.code]).toEqual([0, 0]);
    await exchange.stop();
  });

  it('say what is wrong with a code before they ask a broker', async () => {
    const exchange = await FakeExchange.start('broker-us-1');
    const brokers = file('brokers.json', JSON.stringify(exchange.list));
    const target = start('target', brokers, file('ca.crt', exchange.authority.cert), 'E7F3-K9QX-M2B4-T0');
    await waitFor(() => target.code !== undefined, { withinMs: 30_000 });
    expect(target).toMatchObject({ code: 1, output: expect.stringContaining('bad-code') });
    await exchange.stop();
  });
});
