import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { layoutOf, ROOT } from '../../deploy/local/paths.mjs';
import { isAlive, recordsOf } from '../../deploy/local/processes.mjs';
import { waitFor } from '../support/wait-for.ts';

describe('servers and processes of a test', () => {
  it('are gone, with their folder, when the test run is killed', async () => {
    const module = pathToFileURL(join(ROOT, 'test/support/servers.mjs')).href;
    const script = `
      const { startServers } = await import(${JSON.stringify(module)});
      const { layout } = await startServers({ kafka: false });
      console.log(layout.home);
      setInterval(() => {}, 1000);`;
    const run = spawn(process.execPath, ['--input-type=module', '-e', script]);
    let home = '';
    run.stdout.on('data', (chunk) => {
      home += String(chunk).trim();
    });
    await waitFor(() => existsSync(home), { what: 'a running Redis' });
    const servers = recordsOf(layoutOf(home));
    expect(servers.filter(isAlive)).toHaveLength(1);
    run.kill('SIGKILL');
    await waitFor(() => !servers.some(isAlive) && !existsSync(home), { what: 'the end of all of it' });
  });
});
