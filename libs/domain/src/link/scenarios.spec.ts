import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Scenario } from '../../testing/scenario.ts';
import type { Fact } from '../index.ts';
import type { LinkOutcome } from './state.ts';

const FOLDER = new URL('scenarios/', import.meta.url);
const WRITE = process.env.TRUNKLINE_WRITE_TRACES !== undefined;

type Step = (given: Scenario, words: string[]) => LinkOutcome | undefined;

const STEPS: Readonly<Record<string, Step>> = {
  server: (given, [id = '', ...rest]) => void given.server(id, values(rest)),
  client: (given, rest) => void given.client(values(rest)),
  gone: (given, [id = '']) => void given.without(id),
  pass: (given, [ms = '']) => void given.pass(Number.parseInt(ms, 10)),
  look: (given) => given.look(),
  due: (given) => given.due(),
  request: (given, rest) => given.request(values(rest)),
  established: (given) => given.established(),
  lost: (given, [end = '', reason = '']) => given.lost(end === 'client' ? 'client' : 'server', reason),
  done: (given, [command = '']) => given.answer(command as 'connect', 'succeeded'),
  failed: (given, [command = '', reason = '']) => given.answer(command as 'connect', 'failed', { reason }),
  refused: (given, [command = '', reason = '', ...rest]) =>
    given.answer(command as 'connect', 'refused', { reason, ...values(rest) }),
  peer: (given, [region = 'west']) => void given.withPeer(region),
  answered: (given, [outcome = '', ...rest]) => given.peerAnswered({ outcome, ...values(rest) }),
  silent: (given, [id = '', incarnation = '']) => void given.remember(id, incarnation),
  fact: (given, [name = '', ...json]) => given.tell(name as Fact['name'], JSON.parse(json.join(' '))),
};

function values(words: string[]): Record<string, string | number | boolean> {
  const read = (text: string): string | number | boolean => {
    if (text === 'true' || text === 'false') return text === 'true';
    return /^\d+$/.test(text) ? Number(text) : text;
  };
  return Object.fromEntries(
    words.map((word) => {
      const [name = '', value = ''] = word.split('=');
      return [name, read(value)];
    }),
  );
}

/** Everything that a decision says, in lines. */
function trace(given: Scenario, outcome: LinkOutcome): string[] {
  if (outcome.kind !== 'append') return [`  ${outcome.kind}: ${outcome.reason}`];
  const { data } = outcome;
  const due = data.due_at === undefined ? 'no time' : `due in ${Date.parse(data.due_at) - given.nowMs} ms`;
  const target = data.failover_target ?? 'nobody';
  const ledger = data.failover ? [`    move ${JSON.stringify(data.failover)}`] : [];
  const asking = data.asking ? [`    asks ${JSON.stringify(data.asking)}`] : [];
  const peer = data.peer ? [`    the peer ${JSON.stringify(data.peer)}`] : [];
  const ended = (data.ended_commands ?? []).map((each) => `    ${each.how} ${each.command_id}`);
  const backoffs = (data.backoffs ?? []).map(
    (each) =>
      `    backs off from ${each.agent_id}/${each.incarnation} after ${each.failures}, ${Date.parse(each.until) - given.nowMs} ms`,
  );
  return [
    `  ${outcome.name} v${data.version} e${data.epoch} ${data.status}/${data.phase} (${data.reason})`,
    `    on ${data.server_id ?? 'nobody'}, then ${target}; ${due}; evidence ${data.evidence.map((each) => each.type).join(' ')}`,
    ...data.commands.map((each) => `    → ${each.agent_id}/${each.incarnation} ${each.name} e${each.epoch}`),
    ...ended,
    ...(data.candidates ?? []).map((each) => `    weighed ${each.agent_id} ${each.excluded ?? each.score}`),
    ...backoffs,
    ...asking,
    ...peer,
    ...ledger,
  ];
}

function play(script: string): string {
  const given = new Scenario();
  const lines = script.split('\n').filter((line) => line.startsWith('>') || line.startsWith('#'));
  const played = lines.flatMap((line) => {
    if (line.startsWith('#')) return [line];
    const [step = '', ...words] = line.slice(2).split(' ');
    const outcome = STEPS[step]?.(given, words);
    return [line, ...(outcome ? trace(given, outcome) : [])];
  });
  return `${played.join('\n')}\n`;
}

describe('a scenario goes as it is written', () => {
  for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.txt'))) {
    it(file.replace('.txt', '').replaceAll('-', ' '), () => {
      const place = new URL(file, FOLDER);
      const written = readFileSync(place, 'utf8');
      const played = play(written);
      if (WRITE) writeFileSync(place, played);
      expect(WRITE ? played : written).toBe(played);
    });
  }
});
