// Loaded before a program that is measured: writes a CPU profile of its life into the folder of TRUNKLINE_BENCH_PROFILES.
// As --cpu-prof does, which NODE_OPTIONS may not hold.
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { join } from 'node:path';

const { TRUNKLINE_BENCH_PROFILES: folder = '.', TRUNKLINE_AGENT_ID: name = 'program' } = process.env;
const session = new Session();
session.connect();
session.post('Profiler.enable');
session.post('Profiler.start');
process.once('exit', () => {
  session.post('Profiler.stop', (error, { profile }) => {
    if (error === null)
      writeFileSync(join(folder, `${name}-${process.pid}.cpuprofile`), JSON.stringify(profile));
  });
});
