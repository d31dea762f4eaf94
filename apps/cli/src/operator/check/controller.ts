import { CliError, EXIT } from '../../exit.ts';
import { type Api, ApiError, Unreachable } from '../api.ts';
import { durationText } from '../times.ts';
import type { AgentRow } from '../views.ts';
import { type CertificateEnd, checkCertificates } from './certificates.ts';
import { type Finding, fail, messageOf, ok, unreached, warn } from './finding.ts';

/** Clocks of two machines may differ by so much (DESIGN), in milliseconds; half of it is worth a word. */
const SKEW_LIMIT_MS = 1_000;
const SKEW_WARN_MS = SKEW_LIMIT_MS / 2;
/** Records that wait to be read. */
const LAG_WARN = 100;
const LAG_FAIL = 10_000;
/** Looks at the clock; the one with the shortest round trip counts. */
const CLOCK_LOOKS = 3;
const AGENTS = 10_000;
const NAMED = 5;

/** What of `GET /status` is looked at; a controller may tell more, and an older one less. */
interface StatusView {
  readonly now?: string;
  readonly region?: string;
  readonly version?: string;
  /** Of each topic that it reads; `worst`: of the partition that is furthest behind. */
  readonly lag?: readonly { topic: string; worst: number }[];
  readonly certificates?: readonly { what: string; name: string; not_after: string }[];
}

/** All that one controller can be asked. */
export async function checkController(api: Api, nowMs: () => number): Promise<Finding[]> {
  const parts = await checkParts(api);
  if (parts.some(({ unreachable }) => unreachable)) return parts;
  const status = await api.get<StatusView>('/status').catch(() => undefined);
  return [
    ...parts,
    await checkRegistry(api),
    await checkLag(api, status),
    ...(await checkClock(api, nowMs)),
    ...certificatesOf(api, status, nowMs()),
    ...(await checkAgents(api)),
  ];
}

const nameOf = ({ url }: Api): string => new URL(url).host;

/** `/health/ready` tells each part's state. */
async function checkParts(api: Api): Promise<Finding[]> {
  const check = `controller ${nameOf(api)}`;
  try {
    const answer = await api.plain('/health/ready');
    const body = (await answer.json().catch(() => ({}))) as {
      details?: Record<string, unknown>;
      [name: string]: unknown;
    };
    if (answer.status === 200) return [ok(check, 'ready')];
    const details = (body.details ?? body.error ?? body) as Record<string, { status?: string }>;
    const not = Object.entries(details).filter(([, one]) => one?.status !== undefined && one.status !== 'up');
    const which = not.length === 0 ? `${answer.status}` : not.map(([name]) => name).join(', ');
    return [fail(check, `not ready: ${which}`, 'curl its /health/ready, and look at its log')];
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    return [unreached(check, error.what, error.hint)];
  }
}

/** Rows that can be read are behind a Redis that answers and a registry that is whole. */
async function checkRegistry(api: Api): Promise<Finding> {
  const check = 'registry';
  try {
    await api.get('/connections', { limit: 1 });
    return ok(check, 'Redis answers, and nothing is being rebuilt');
  } catch (error) {
    if (!(error instanceof ApiError)) {
      if (!(error instanceof CliError)) throw error;
      return unreached(check, error.message, 'it must be of a central controller');
    }
    const { code, progress, detail } = error.problem;
    if (code === 'registry-rebuilding') {
      return warn(
        check,
        `being rebuilt from the log${progress === undefined ? '' : ` (${JSON.stringify(progress)})`}`,
        'wait; lists are whole again when it is done',
      );
    }
    if (code === 'registry-unavailable' && detail !== undefined) {
      const hint = 'TRUNKLINE_REDIS_URL of that process says who it is: redis://user:password@host:port';
      return unreached(check, detail, hint);
    }
    if (code === 'registry-unavailable') {
      return unreached(
        check,
        'Redis does not answer',
        'start it: links run on, and the registry is rebuilt by itself',
      );
    }
    return error.exitCode === EXIT.refused
      ? fail(check, error.message, 'a token of any role may look')
      : fail(check, error.message, 'the log of the central controller says more');
  }
}

async function checkLag(api: Api, status: StatusView | undefined): Promise<Finding> {
  const check = 'lag';
  const byTopic = new Map<string, number>();
  const note = (topic: string, lag: number) => byTopic.set(topic, Math.max(byTopic.get(topic) ?? 0, lag));
  if (Array.isArray(status?.lag)) for (const { topic, worst } of status.lag) note(topic, worst);
  else {
    const text = await api.plain('/metrics').then((answer) => (answer.ok ? answer.text() : ''));
    for (const [, labels = '', value] of text.matchAll(/^trunkline_consumer_lag\{([^}]*)\} (\S+)$/gm)) {
      note(/topic="([^"]*)"/.exec(labels)?.[1] ?? '', Number(value));
    }
  }
  if (byTopic.size === 0)
    return warn(check, 'nothing is told of it', 'ask a controller with the parts control-loop and projector');
  const worst = [...byTopic].reduce((one, other) => (other[1] > one[1] ? other : one));
  const words = `${worst[1]} records of ${worst[0]}, at most, are still to be read`;
  const hint = 'if it does not fall, start another process of the same region (same consumer group)';
  if (worst[1] >= LAG_FAIL) return fail(check, words, hint);
  return worst[1] >= LAG_WARN ? warn(check, words, hint) : ok(check, words);
}

/** Between this machine and the controller's, by the middle of the round trip. */
async function checkClock(api: Api, nowMs: () => number): Promise<Finding[]> {
  const check = 'clocks';
  let best: { roundMs: number; skewMs: number } | undefined;
  for (let look = 0; look < CLOCK_LOOKS; look += 1) {
    const askedMs = nowMs();
    const theirs = await api.get<StatusView>('/status').then(
      ({ now }) => (now === undefined ? undefined : Date.parse(now)),
      () => undefined,
    );
    const roundMs = nowMs() - askedMs;
    if (theirs === undefined) break;
    if (best === undefined || roundMs < best.roundMs)
      best = { roundMs, skewMs: theirs - (askedMs + roundMs / 2) };
  }
  if (best === undefined)
    return [
      warn(check, 'the controller does not tell its clock', 'is it of this version? GET /api/v1/status does'),
    ];
  const { skewMs, roundMs } = best;
  const words = `${nameOf(api)} is ${durationText(Math.abs(skewMs))} ${skewMs < 0 ? 'behind' : 'ahead of'} this machine (± ${durationText(roundMs / 2)})`;
  const certain = Math.abs(skewMs) - roundMs / 2;
  const hint = 'look at NTP on both: commands expire 3 s after their issue, by the clock of who runs them';
  if (certain > SKEW_LIMIT_MS) return [fail(check, words, hint)];
  return [certain > SKEW_WARN_MS ? warn(check, words, hint) : ok(check, words)];
}

function certificatesOf(api: Api, status: StatusView | undefined, nowMs: number): Finding[] {
  const told = Array.isArray(status?.certificates) ? status.certificates : [];
  const ends = told.map(
    ({ what, name, not_after }): CertificateEnd => ({
      name: `${what === 'own' ? name : `${what} ${name}`} of ${nameOf(api)}`,
      notAfter: not_after,
    }),
  );
  return checkCertificates(`certificates of ${nameOf(api)}`, ends, nowMs);
}

async function checkAgents(api: Api): Promise<Finding[]> {
  const check = 'agents';
  let agents: AgentRow[];
  try {
    agents = await api.list<AgentRow>('/agents', {}, AGENTS);
  } catch (error) {
    return [fail(check, messageOf(error), 'the registry must be there first')];
  }
  const named = (rows: readonly AgentRow[]) =>
    `${rows
      .slice(0, NAMED)
      .map(({ agent_id }) => agent_id)
      .join(', ')}${rows.length > NAMED ? `, and ${rows.length - NAMED} more` : ''}`;
  const of = (status: AgentRow['status']) => agents.filter((agent) => agent.status === status);
  const draining = agents.filter((agent) => agent.draining && agent.status === 'alive');
  const findings: Finding[] = [];
  if (of('lost').length > 0) {
    findings.push(
      fail(check, `lost: ${named(of('lost'))}`, 'start them again, or look at their machines and networks'),
    );
  }
  if (of('suspect').length > 0) {
    findings.push(
      warn(
        check,
        `suspect: ${named(of('suspect'))}`,
        'their reports are overdue; nothing new is placed on them',
      ),
    );
  }
  if (draining.length > 0) {
    findings.push(warn(check, `draining: ${named(draining)}`, 'a new start of the process ends a drain'));
  }
  if (findings.length > 0) return findings;
  if (agents.length === 0)
    return [warn(check, 'none was heard of', 'start brokers and sidecars; they report within 5 s')];
  return [ok(check, `${agents.length}, all alive`)];
}
