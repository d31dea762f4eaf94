import { createHash, timingSafeEqual } from 'node:crypto';
import { errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { LIMITS } from '#libs/contracts';
import { Problem, type ProblemOptions } from '../problem.ts';
import { KeysUnavailable } from './key-set.ts';
import { type Principal, ROLES, type Role, SHARED_TOKEN } from './principal.ts';

/** Signatures that only the holder of a private key can make: with a shared secret whoever checks could sign. */
const ALGORITHMS = [
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
];
/** Clocks of issuer and controller may differ by so much, in seconds. */
const LEEWAY_S = 5;
/** A token is at most so long, in bytes. */
const TOKEN_BYTES = 8 * 1024;
const ROLES_CLAIM = 'roles';
/** A name without anything that could break a line of a log or of a table. */
const SUBJECT = new RegExp(`^[^\\p{C}\\p{Zl}\\p{Zp}]{1,${LIMITS.reasonLength}}$`, 'u');

export interface JwtRules {
  readonly keys: JWTVerifyGetKey;
  readonly issuer: string;
  readonly audience: string;
  /** The time, in milliseconds. */
  nowMs(): number;
}

/** Which bearer tokens are good, and whose they are. */
export class TokenCheck {
  private readonly shared: Buffer | undefined;

  /**
   * @param sharedToken of the token file; undefined: there is none
   * @param jwt undefined: no other token is taken
   */
  constructor(
    sharedToken: string | undefined,
    private readonly jwt?: JwtRules,
  ) {
    this.shared = sharedToken === undefined ? undefined : digest(sharedToken);
  }

  /**
   * @param authorization the header
   * @throws Problem `missing-token`, `invalid-token`, `expired-token`, `keys-unavailable`
   */
  async principal(authorization: string | undefined): Promise<Principal> {
    const [, given] = /^Bearer +([^ ]+) *$/i.exec(authorization ?? '') ?? [];
    if (given === undefined) throw refused('missing-token');
    if (this.shared && timingSafeEqual(digest(given), this.shared)) return SHARED_TOKEN;
    if (!this.jwt) throw refused('invalid-token');
    if (given.length > TOKEN_BYTES) throw refused('invalid-token', 'it is too long');
    if (given.split('.').length !== 3) throw refused('invalid-token');
    return principalOf(await this.verified(given, this.jwt));
  }

  private async verified(token: string, { keys, issuer, audience, nowMs }: JwtRules): Promise<JWTPayload> {
    try {
      const { payload } = await jwtVerify(token, keys, {
        algorithms: ALGORITHMS,
        issuer,
        audience,
        clockTolerance: LEEWAY_S,
        currentDate: new Date(nowMs()),
        requiredClaims: ['sub', 'exp'],
      });
      return payload;
    } catch (error) {
      if (error instanceof KeysUnavailable) throw new Problem('keys-unavailable', { detail: 'see the log' });
      if (error instanceof errors.JWTExpired) throw refused('expired-token');
      throw refused('invalid-token', reasonOf(error));
    }
  }
}

/** Roles that nobody knows allow nothing. */
function principalOf({ sub, [ROLES_CLAIM]: claimed }: JWTPayload): Principal {
  if (typeof sub !== 'string' || !SUBJECT.test(sub)) throw refused('invalid-token', 'sub');
  const given: unknown[] = Array.isArray(claimed) ? claimed : [];
  return { subject: sub, roles: new Set(ROLES.filter((role: Role) => given.includes(role))), named: true };
}

/** What a claim's owner can mend; of a signature nothing is told. */
function reasonOf(error: unknown): string | undefined {
  if (error instanceof errors.JWTClaimValidationFailed) return `${error.claim}: ${error.reason}`;
  if (error instanceof errors.JOSEAlgNotAllowed) return 'alg is not allowed';
  return undefined;
}

function refused(code: 'missing-token' | 'invalid-token' | 'expired-token', detail?: string): Problem {
  // RFC 6750: without a token the challenge says nothing more.
  const error = code === 'missing-token' ? '' : ', error="invalid_token"';
  const options: ProblemOptions = { headers: { 'www-authenticate': `Bearer realm="trunkline"${error}` } };
  return new Problem(code, detail === undefined ? options : { ...options, detail });
}

/** Of one length whatever was given, so that comparing tells nothing of the token's. */
function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
