export { type BrokenLeaves, brokenLeaves } from './broken.ts';
export {
  AUTHORITY_VALIDITY_MS,
  createAuthority,
  createSelfSigned,
  issueLeaf,
  type KeyPairPem,
  LEAF_VALIDITY_MS,
  type LeafOptions,
} from './certificates.ts';
export { ensurePki, type Member, RENEW_BEFORE_MS, readAuthority } from './directory.ts';
export { DEVELOPMENT_ISSUER, ensureIssuer, ISSUER_FILES } from './issuer.ts';
