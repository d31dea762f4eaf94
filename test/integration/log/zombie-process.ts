import { TOPIC, topicName } from '#libs/contracts';
import { KafkaLog, type LogObserver, runControlLoop } from '#libs/log';
import { type AppendFault, FaultyLog } from './faulty-log.ts';
import { ledger } from './ledger.ts';

/**
 * A whole process with a control loop, to be stopped by SIGSTOP in the middle of an append: `before` the
 * request leaves, or `after` it landed and before its answer is handled. It says on standard output where
 * it stands, and what it did.
 */
const [region = '', moment = 'before', brokers = ''] = process.argv.slice(2);
/** Long enough for the parent to stop this process once it has read the line. */
const PAUSE_MS = 1_000;

const say = (line: string) => process.stdout.write(`${line}\n`);
const observer: LogObserver = {
  reclaiming: (_topic, _partition, cause) => say(`reclaiming ${cause}`),
  commandsSent: (_topic, records) => say(`commanded ${records}`),
};
const log = new FaultyLog(new KafkaLog({ brokers: [brokers], clientId: 'zombie', observer }));
const logTopic = topicName(region, TOPIC.controllerEvents);
let armed = false;
const pause = async (topic: string) => {
  if (!armed || topic !== logTopic) return;
  armed = false;
  say('stop me');
  const until = Date.now() + PAUSE_MS;
  await new Promise<void>((resolve) => {
    const look = () => (Date.now() >= until ? resolve() : setTimeout(look, 50));
    look();
  });
};
log.onAppend = async ({ topic }): Promise<AppendFault> => {
  if (moment === 'before') await pause(topic);
  return 'none';
};
log.onLanded = async ({ topic }) => {
  if (moment === 'after') await pause(topic);
};
process.stdin.on('data', () => {
  armed = true;
  say('armed');
});
const loop = await runControlLoop(log, ledger(region, { source: 'zombie' }), { observer });
const ready = setInterval(() => {
  if (!loop.ready()) return;
  clearInterval(ready);
  say('ready');
}, 50);
