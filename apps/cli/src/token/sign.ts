import { calculateJwkThumbprint, exportJWK, importPKCS8, type JWK, SignJWT } from 'jose';

/** What a token says. */
export interface TokenClaims {
  /** Who it is: `requested_by` of what is asked for with it. */
  readonly subject: string;
  readonly roles: readonly string[];
  readonly issuer: string;
  readonly audience: string;
  /** When it is signed, in milliseconds since 1970. */
  readonly nowMs: number;
  /** It is good for so long, in milliseconds; whole seconds count. */
  readonly lifeMs: number;
}

/**
 * Signs a token (JWT, ES256) as central controllers take them.
 * @param keyPem private key, PKCS #8, P-256
 * @throws when it is no such key
 */
export async function signToken(keyPem: string, claims: TokenClaims): Promise<string> {
  const key = await importPKCS8(keyPem, 'ES256', { extractable: true });
  const kid = await calculateJwkThumbprint(publicPart(await exportJWK(key)));
  const issuedAt = Math.floor(claims.nowMs / 1_000);
  return new SignJWT({ roles: [...claims.roles] })
    .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid })
    .setIssuer(claims.issuer)
    .setAudience(claims.audience)
    .setSubject(claims.subject)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + Math.floor(claims.lifeMs / 1_000))
    .sign(key);
}

function publicPart({ d: _private, ...jwk }: JWK): JWK {
  return jwk;
}
