import {
  AUDIT_LIMITS,
  type FilePlace,
  type Invariant,
  type Place,
  type Violation,
  type Witness,
} from './types.ts';

/** What was found so far; bounded, the rest is counted. */
export class Findings {
  readonly violations: Violation[] = [];
  found = 0;

  add(code: Invariant, subject: string, detail: string, ...records: readonly (Witness | undefined)[]): void {
    this.found += 1;
    if (this.violations.length >= AUDIT_LIMITS.violations) return;
    const named = records.filter((record) => record !== undefined);
    // The latest decision may be the one that is told of.
    if (named[0] !== undefined && named[0].place === named[1]?.place) named.pop();
    this.violations.push({ code, subject, detail, records: named });
  }
}

export const isFilePlace = (place: Place): place is FilePlace => 'file' in place;

/** `east.controller-events/7@12`, or `iso-client-1.ndjson:310`. */
export function textOf(place: Place): string {
  return isFilePlace(place)
    ? `${place.file}:${place.line}`
    : `${place.topic}/${place.partition}@${place.offset}`;
}
