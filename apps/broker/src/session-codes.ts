import { createHmac, randomBytes } from 'node:crypto';
import { CODE_RANDOM_SYMBOLS, makeConnectionCode, readConnectionCode } from '#libs/contracts';

/** A session as its code names it. */
export interface NamedSession {
  readonly connectionId: string;
  readonly homeRegion: string;
}

export interface NewSession extends NamedSession {
  /** Canonical. To be given to the controller and to nobody else, and kept nowhere. */
  readonly code: string;
}

/** So that the key makes nothing else but ids of sessions. */
const PURPOSE = 'trunkline-session/1:';

/** Makes codes, and finds the session that a code names. Neither the key nor a code ever leaves it but to its user. */
export class SessionCodes {
  private readonly symbol: string;

  /**
   * @param region the home of what is made here
   * @param regions home regions by first symbol; `region` is among them
   */
  constructor(
    private readonly key: Buffer,
    private readonly region: string,
    private readonly regions: ReadonlyMap<string, string>,
  ) {
    const [symbol] = [...regions].find(([, named]) => named === region) ?? [];
    if (symbol === undefined) throw new RangeError(`no symbol for ${region}`);
    this.symbol = symbol;
  }

  make(): NewSession {
    const code = makeConnectionCode(this.symbol, randomBytes(CODE_RANDOM_SYMBOLS));
    return { code, connectionId: this.idOf(code), homeRegion: this.region };
  }

  /** @returns undefined for what is no code, or of a region that is not known */
  read(text: string): NamedSession | undefined {
    const read = readConnectionCode(text);
    if (read.kind === 'fault') return undefined;
    const homeRegion = this.regions.get(read.regionSymbol);
    return homeRegion === undefined ? undefined : { connectionId: this.idOf(read.code), homeRegion };
  }

  /** Whether sessions may be at home there. */
  isHome(region: string): boolean {
    return [...this.regions.values()].includes(region);
  }

  private idOf(code: string): string {
    const hash = createHmac('sha256', this.key).update(PURPOSE + code);
    return `ses_${hash.digest('base64url')}`;
  }
}
