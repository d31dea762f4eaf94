import type { verify } from '#libs/domain';

/** A line of a slice, parsed. */
// biome-ignore lint/suspicious/noExplicitAny: corruptions reach into records of every type
export type Line = Record<string, any>;

export interface Corruption {
  /** The only invariant that the corrupted log breaks. */
  readonly breaks: verify.Invariant;
  /** What was done to the clean log. */
  readonly how: string;
  /** Changes the lines in place. */
  spoil(lines: Line[]): void;
}

const LINK = 'bank-client-1:primary';
const FACTS = 'east.connection-status';
const TRUTH = 'east.controller-events';
const COMMANDS = 'east.failover-commands';

/** File name without `.ndjson` → how that log comes from the clean one. test/verify/README.md tells its story. */
export const CORRUPTIONS: Readonly<Record<string, Corruption>> = {
  'two-active': {
    breaks: 'two-active',
    how: 'the loss for which epoch 2 was opened was told by a server that was no end of epoch 1',
    spoil(lines) {
      fact(lines, 'connection-lost', 1).value.agent_id = 'scheme-server-3';
    },
  },
  'two-active.overlap': {
    breaks: 'two-active',
    how: 'every word that epoch 2 is over is said 10 s later, when epoch 3 carries already',
    spoil(lines) {
      const late = new Date(
        Date.parse(fact(lines, 'new-connection-established', 3).headers.ce_time) + 10_000,
      );
      for (const line of lines.filter(({ value }) => value?.epoch === 2)) {
        const isStop = /disconnect|stop-sending-to-client/.test(line.value.command_id ?? '');
        if (nameOf(line) === 'connection-lost' || (nameOf(line) === 'command-succeeded' && isStop)) {
          line.headers.ce_time = late.toISOString();
        }
      }
    },
  },
  'epoch-went-back': {
    breaks: 'epoch-went-back',
    how: 'the last decision says epoch 3, after epoch 4 was given',
    spoil(lines) {
      decision(lines, 12).value.epoch = 3;
    },
  },
  'carried-after-end': {
    breaks: 'carried-after-end',
    how: 'the client establishes epoch 3 once more, after it had stopped carrying it as it was told to',
    spoil(lines) {
      append(lines, fact(lines, 'new-connection-established', 3), {});
    },
  },
  'carried-after-end.report': {
    breaks: 'carried-after-end',
    how: 'the last health report of the client shows epoch 3, which it had stopped carrying before',
    spoil(lines) {
      const reports = lines.filter(
        (line) => nameOf(line) === 'health-report' && line.key === 'bank-client-1',
      );
      const last = reports.at(-1);
      if (last?.value.connections[0]?.status !== 'active')
        throw new Error('the client carries nothing at the end');
      last.value.connections[0].epoch = 3;
    },
  },
  'unknown-placement': {
    breaks: 'unknown-placement',
    how: 'the client says that it carries an epoch 9',
    spoil(lines) {
      append(lines, fact(lines, 'new-connection-established', 4), { epoch: 9 });
    },
  },
  'command-unended': {
    breaks: 'command-unended',
    how: 'nothing came of the first decision: no answer, no later decision, though the log goes on for 20 s',
    spoil(lines) {
      for (const line of lines) if (nameOf(line) === 'health-report') line.value.connections = [];
      remove(lines, (line) => {
        const { value, key } = line;
        if (line.topic === TRUTH && key === LINK) return value.version > 1;
        if (line.topic === COMMANDS) return !value.decision_id.endsWith('/1');
        return value?.connection_id === LINK && nameOf(line) !== 'connection-request';
      });
    },
  },
  'command-ran-twice': {
    breaks: 'command-ran-twice',
    how: 'the client answers a drain, which it had done, once more: it failed',
    spoil(lines) {
      const done = lines.find((line) => line.topic === FACTS && line.value.command_id?.includes('/5/drain/'));
      const failed = append(lines, found(done, 'the answer to a drain'), { reason: 'internal-error' });
      failed.headers.ce_type = 'trunkline.command-failed.v1';
    },
  },
  'writer-void': {
    breaks: 'writer-void',
    how: 'the first owner of the partition, whose claim is over, decides once more, and its command leaves',
    spoil(lines) {
      const { writer_epoch, writer_id } = decision(lines, 1).headers;
      const void_ = append(lines, decision(lines, 10), { version: 13, ended_commands: undefined });
      Object.assign(void_.headers, { writer_epoch, writer_id, ce_id: `${LINK}/13` });
      const sent = lines.find(
        (line) => line.topic === COMMANDS && line.value.command_id.includes('/10/disconnect/'),
      );
      const ids = { command_id: `${LINK}/13/disconnect/bank-client-1`, decision_id: `${LINK}/13` };
      void_.value.commands = [{ ...void_.value.commands[0], ...ids }];
      append(lines, found(sent, 'the last disconnect'), ids);
    },
  },
  'version-gap': {
    breaks: 'version-gap',
    how: 'the decision of version 8 is gone',
    spoil(lines) {
      const gone = decision(lines, 8);
      remove(lines, (line) => line === gone);
    },
  },
  'state-differs': {
    breaks: 'state-differs',
    how: 'the decision of version 8 ends a command that nobody waited for',
    spoil(lines) {
      decision(lines, 8).value.ended_commands[0].command_id = `${LINK}/2/connect/bank-client-1`;
    },
  },
  'evidence-differs': {
    breaks: 'evidence-differs',
    how: "where the operator's request stood, another request stands",
    spoil(lines) {
      fact(lines, 'failover-requested').headers.ce_id = 'another';
    },
  },
  'request-on-two-servers': {
    breaks: 'request-on-two-servers',
    how: 'a purchase that one server approved was approved by another one as well',
    spoil(lines) {
      const first = handled(lines, 'iso-server-1');
      const others = lines.filter(({ file }) => file === 'iso-server-2.ndjson');
      const fate = { ...first.fate, server: 'iso-server-2' };
      lines.push({ file: 'iso-server-2.ndjson', line: others.length + 1, fate });
    },
  },
  'request-without-fate': {
    breaks: 'request-without-fate',
    how: 'the client never wrote down how its first purchase ended',
    spoil(lines) {
      const [sent] = lines.filter(({ fate }) => fate?.fate === 'sent');
      const { rrn } = found(sent, 'a purchase').fate;
      remove(lines, ({ fate }) => fate?.rrn === rrn && fate.mti === '0210');
    },
  },
  'tallies-differ': {
    breaks: 'tallies-differ',
    how: 'the server does not have a purchase that it approved for the client',
    spoil(lines) {
      const gone = handled(lines, 'iso-server-1');
      remove(lines, (line) => line === gone);
    },
  },
};

/** The corrupted log as text, out of the clean one's. */
export function corrupted(clean: string, { spoil }: Corruption): string {
  const lines = clean
    .trimEnd()
    .split('\n')
    .map((text): Line => JSON.parse(text));
  spoil(lines);
  return `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`;
}

const nameOf = ({ headers }: Line): string | undefined => headers?.ce_type.split('.')[1];

function fact(lines: Line[], name: string, epoch?: number): Line {
  const isWanted = (line: Line) =>
    line.topic === FACTS && nameOf(line) === name && (epoch === undefined || line.value.epoch === epoch);
  return found(lines.find(isWanted), `${name} of epoch ${epoch} in ${FACTS}`);
}

function decision(lines: Line[], version: number): Line {
  const one = lines.find(
    ({ topic, key, value }) => topic === TRUTH && key === LINK && value.version === version,
  );
  return found(one, `version ${version} of ${LINK}`);
}

/** The first line by which a server says that a purchase reached it. */
function handled(lines: Line[], server: string): Line {
  const one = lines.find(({ file, fate }) => file === `${server}.ndjson` && fate.fate === 'approved');
  return found(one, `a purchase approved by ${server}`);
}

function found(line: Line | undefined, what: string): Line {
  if (line === undefined) throw new Error(`the clean log lacks ${what}`);
  return line;
}

/** A copy of a record behind the last one of its partition, with an id of its own and other data. */
function append(lines: Line[], like: Line, data: object): Line {
  const { topic, partition } = like;
  const offsets = lines.filter((line) => line.topic === topic && line.partition === partition);
  const offset = Math.max(...offsets.map((line) => line.offset)) + 1;
  const lastTime = Math.max(...offsets.map((line) => Date.parse(line.headers.ce_time)));
  const ce_time = new Date(lastTime + 1).toISOString();
  const headers = { ...like.headers, ce_id: `appended-${offset}`, ce_time };
  const line = { ...like, offset, headers, value: structuredClone({ ...like.value, ...data }) };
  const last = lines.findLastIndex((each) => each.topic === topic && each.partition === partition);
  lines.splice(last + 1, 0, line);
  return line;
}

function remove(lines: Line[], isGone: (line: Line) => boolean): void {
  const kept = lines.filter((line) => !isGone(line));
  if (kept.length === lines.length) throw new Error('nothing was removed');
  lines.splice(0, lines.length, ...kept);
}
