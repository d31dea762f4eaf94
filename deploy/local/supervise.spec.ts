import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '../../test/support/wait-for.ts';
import { layoutOf } from './paths.mjs';
import { isAlive, logFile, readRecord, recordsOf, stop } from './processes.mjs';
import type { Name } from './programs.mjs';
import { startProgram, watch } from './supervise.mjs';

describe('the watch over the programs of a stack', () => {
  const layout = layoutOf(mkdtempSync(join(tmpdir(), 'trunkline-supervise-')));
  afterAll(async () => {
    await stop(recordsOf(layout), 0);
    rmSync(layout.home, { recursive: true });
  });

  /** Runs a script under a name until it has ended. @returns what the watch said of it */
  async function watched(name: Name, script: string, end?: NodeJS.Signals): Promise<string> {
    const ready = { readyUrl: 'http://127.0.0.1:9/', env: {} };
    const go = `process.on('SIGUSR2', () => {}); const log = (more) => console.log(JSON.stringify({ pid: process.pid, ...more }));`;
    const child = startProgram(layout, {
      ...ready,
      name,
      command: process.execPath,
      args: ['-e', `${go}${script}`],
    });
    const said: string[] = [];
    const endWatch = watch(layout, [name], (text) => said.push(text));
    if (end !== undefined) child.kill(end);
    await waitFor(() => !isAlive(readRecord(layout, name)) && said.length > 0, {
      what: `the end of ${name}`,
    });
    endWatch();
    return said.join('\n');
  }

  const goodbye = (cause: string) =>
    `log({ msg: 'started' }); setTimeout(() => { log({ cause: '${cause}', msg: 'stopping' }); log({ msg: 'stopped' }); }, 50);`;

  it('tells who was drained and left from who was told to end and from who died', async () => {
    expect(await watched('broker-us-1', goodbye('drain'))).toBe(
      'broker-us-1 was drained and left (exit code 0); start it again: npm run up -- broker-us-1',
    );
    expect(await watched('broker-us-2', goodbye('SIGTERM'))).toBe(
      'broker-us-2 was told to end (SIGTERM) and left (exit code 0); start it again: npm run up -- broker-us-2',
    );
    const waits = 'setInterval(() => {}, 1_000);';
    expect(await watched('broker-in-3', waits, 'SIGKILL')).toBe(
      `broker-in-3 died; its log: ${logFile(layout, 'broker-in-3')}; start it again: npm run up -- broker-in-3`,
    );
    // The goodbye of an earlier life does not count for this one.
    expect(await watched('broker-us-1', `log({ msg: 'started' });${waits}`, 'SIGKILL')).toContain(
      'broker-us-1 died',
    );
  });
});
