export { Audit } from './audit.ts';
export { isFilePlace, textOf } from './findings.ts';
export {
  compareLedgers,
  LEDGER_TIMES,
  LedgerBook,
  type LedgerDifference,
  type LedgerTime,
  type RecomputedMove,
  type ToldLedger,
} from './ledger.ts';
export {
  AUDIT_LIMITS,
  type AuditCounts,
  type AuditOptions,
  type AuditRecord,
  type AuditReport,
  type FateRecord,
  type FilePlace,
  INVARIANTS,
  type Invariant,
  type LogPlace,
  type Place,
  type Violation,
  type Witness,
} from './types.ts';
