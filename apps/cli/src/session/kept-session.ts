import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { EndpointIdentity, SavedSession } from '#libs/endpoint';
import { CliError, EXIT } from '../exit.ts';

/** What a target keeps so that it can come back after a restart of its machine. */
export interface KeptSession {
  readonly version: 1;
  /** RFC 3339: after this it can't come back. Later and later while the session goes on. */
  readonly until: string;
  /** How long it may be away, in milliseconds; absent: until then. */
  readonly surviveMs?: number;
  readonly session: SavedSession;
  /** A guest's own key and certificate; absent: it came with a certificate, and comes with that again. */
  readonly guest?: { readonly cert: string; readonly key: string };
}

/** One session a person of a machine: it holds a key, so it is for its owner alone. */
export class SessionKeeper {
  readonly file: string;

  constructor(stateHome: string) {
    this.file = join(stateHome, 'target-session.json');
  }

  /** Whole or not at all. */
  keep(session: SavedSession, identity: EndpointIdentity, surviveMs: number, nowMs: number): void {
    const kept: KeptSession = {
      version: 1,
      until: new Date(nowMs + surviveMs).toISOString(),
      surviveMs,
      session,
      ...(identity.guest ? { guest: { cert: String(identity.cert), key: String(identity.key) } } : {}),
    };
    mkdirSync(dirname(this.file), { recursive: true, mode: 0o700 });
    const beside = `${this.file}.${process.pid}`;
    // Never into what somebody else made there before.
    rmSync(beside, { force: true });
    writeFileSync(beside, `${JSON.stringify(kept)}\n`, { mode: 0o600, flag: 'wx' });
    renameSync(beside, this.file);
  }

  forget(): void {
    rmSync(this.file, { force: true });
  }

  /** @throws CliError when there is none, or it is too late */
  read(nowMs: number): KeptSession {
    let text: string;
    try {
      text = readFileSync(this.file, 'utf8');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const why = code === 'ENOENT' ? 'no session was kept here' : `${this.file} cannot be read (${code})`;
      throw new CliError(EXIT.unreadable, `${why}: begin one with a code and --survive-reboot`);
    }
    const kept = parse(text);
    if (kept === undefined) {
      throw new CliError(
        EXIT.unreadable,
        `${this.file} is damaged: remove it, and begin a session with a code`,
      );
    }
    if (Date.parse(kept.until) > nowMs) return kept;
    this.forget();
    throw new CliError(
      EXIT.lost,
      `the kept session could be resumed until ${kept.until}: ask for a new code`,
    );
  }
}

function parse(text: string): KeptSession | undefined {
  try {
    const kept = JSON.parse(text) as Partial<KeptSession> | null;
    const { connectionId, homeRegion, epoch } = kept?.session ?? {};
    const isWhole =
      kept?.version === 1 &&
      !Number.isNaN(Date.parse(String(kept.until))) &&
      typeof connectionId === 'string' &&
      typeof homeRegion === 'string' &&
      Number.isInteger(epoch) &&
      (kept.surviveMs === undefined || Number.isInteger(kept.surviveMs));
    return isWhole ? (kept as KeptSession) : undefined;
  } catch {
    return undefined;
  }
}
