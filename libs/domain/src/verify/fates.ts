import type { Findings } from './findings.ts';
import type { FateRecord, Witness } from './types.ts';

interface ServerLine extends Witness {
  readonly server: string;
  readonly what: 'handled' | 'reversed';
  readonly isApproved: boolean;
}

interface Request {
  sent?: Witness;
  approved?: Witness & { readonly server: string | undefined };
  declined?: Witness;
  timedOut?: Witness;
  reversed?: Witness;
  /** The client's file. */
  client?: string;
  readonly servers: ServerLine[];
}

/** Fates by which a server says that a purchase reached it; a second one of the same number is `duplicated`. */
const HANDLED: ReadonlySet<string> = new Set(['approved', 'swallowed', 'duplicated']);

/** What the applications at both ends wrote down of each request, by its retrieval reference number. */
export class FateBook {
  private readonly requests = new Map<string, Request>();
  /** The last line of each client's file: what is younger than that and a little may be under way. */
  private readonly clientEnds = new Map<string, number>();
  private hasServers = false;

  get count(): number {
    return this.requests.size;
  }

  add({ place, timeMs, rrn, mti, fate, server }: FateRecord): void {
    const witness: Witness = { place, timeMs, name: `${mti} ${fate}` };
    const request = this.requests.get(rrn) ?? { servers: [] };
    this.requests.set(rrn, request);
    if (isClientLine(mti, fate)) {
      request.client = place.file;
      this.clientEnds.set(place.file, Math.max(timeMs, this.clientEnds.get(place.file) ?? 0));
      if (fate === 'sent') request.sent = witness;
      else if (fate === 'approved') request.approved = { ...witness, server };
      else if (fate === 'declined') request.declined = witness;
      else if (fate === 'timed_out') request.timedOut = witness;
      else if (fate === 'reversed') request.reversed = witness;
      return;
    }
    this.hasServers = true;
    const line = { ...witness, server: server ?? place.file, isApproved: fate === 'approved' };
    if (HANDLED.has(fate)) request.servers.push({ ...line, what: 'handled' });
    else if (fate === 'reversed') request.servers.push({ ...line, what: 'reversed' });
  }

  check(underWayMs: number, findings: Findings): void {
    for (const [rrn, request] of this.requests) {
      const [first, second] = request.servers.filter(({ what }) => what === 'handled');
      if (first && second) {
        const where =
          first.server === second.server ? `${first.server} twice` : `${first.server} and ${second.server}`;
        findings.add('request-on-two-servers', rrn, `its 0200 reached ${where}`, first, second);
        continue;
      }
      if (this.isUnderWay(request, underWayMs)) continue;
      if (request.client === undefined) this.checkUnsent(rrn, request, findings);
      else if (!isEnded(request)) {
        const last = request.timedOut ?? request.sent;
        const detail = request.timedOut
          ? 'it timed out and was never reversed'
          : 'its end was never written down';
        findings.add('request-without-fate', rrn, detail, last, request.servers[0]);
      } else if (this.hasServers) checkTallies(rrn, request, findings);
    }
  }

  /** Without its end yet, and no older than the end of its client's file and a little; a server's line, than all of them. */
  private isUnderWay(request: Request, underWayMs: number): boolean {
    if (request.client === undefined) {
      const endMs = Math.max(0, ...this.clientEnds.values());
      return (request.servers[0]?.timeMs ?? 0) > endMs - underWayMs;
    }
    const last = request.timedOut ?? request.sent;
    const endMs = this.clientEnds.get(request.client) ?? 0;
    return !isEnded(request) && (last?.timeMs ?? 0) > endMs - underWayMs;
  }

  private checkUnsent(rrn: string, { servers }: Request, findings: Findings): void {
    const [line] = servers;
    // Without a client's file there is nothing to compare with.
    if (this.clientEnds.size === 0 || line === undefined) return;
    findings.add('tallies-differ', rrn, `${line.server} has it, and no client sent it`, line);
  }
}

/** A response, or what only the sender can know. */
const isClientLine = (mti: string, fate: string): boolean =>
  fate === 'sent' || fate === 'timed_out' || Number(mti[2]) % 2 === 1;

const isEnded = ({ approved, declined, timedOut, reversed }: Request): boolean =>
  approved !== undefined || declined !== undefined || (timedOut !== undefined && reversed !== undefined);

function checkTallies(rrn: string, { approved, reversed, servers }: Request, findings: Findings): void {
  const handled = servers.find(({ what }) => what === 'handled');
  const undone = servers.find(({ what }) => what === 'reversed');
  if (approved !== undefined) {
    const isSo = handled?.isApproved && (approved.server === undefined || handled.server === approved.server);
    if (!isSo) {
      const detail = `approved by ${approved.server} for the client, ${handled?.server ?? 'no server'} has it`;
      findings.add('tallies-differ', rrn, detail, approved, handled);
    } else if (undone !== undefined) {
      findings.add(
        'tallies-differ',
        rrn,
        'approved for the client, and reversed at a server',
        approved,
        undone,
      );
    }
    return;
  }
  if (reversed !== undefined && undone === undefined) {
    findings.add('tallies-differ', rrn, 'reversed for the client, and at no server', reversed, handled);
  }
}
