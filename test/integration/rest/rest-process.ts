import { createLogger, createRegistry, systemClock } from '#libs/platform';
import { loadConfiguration } from '../../../apps/central-controller/src/config.ts';
import { createApp } from '../../../apps/central-controller/src/http/create-app.ts';

/**
 * A central controller as a process of its own, configured as always, which listens at the path of a socket: what the
 * system itself keeps for a reader that does not read is little there, so that the rest is this process's to bound.
 * Says on standard output when it listens.
 */
const [path = ''] = process.argv.slice(2);

const configuration = loadConfiguration();
const app = await createApp({
  configuration,
  logger: createLogger({ name: 'rest-process', level: 'fatal' }),
  metrics: createRegistry('rest-process'),
  clock: systemClock,
});
await app.init();
app.getHttpServer().listen(path, () => process.stdout.write('listening\n'));
process.on('SIGTERM', () => void app.close().then(() => process.exit(0)));
