import { plainToInstance } from 'class-transformer';
import { type ValidationError, validateSync } from 'class-validator';
import type { MessageClass } from '../fields.ts';

/**
 * What class-validator itself says of the data: the yardstick of the compiled checks, for their test and
 * their measurement. Programs use the compiled ones; class-transformer also throws on data whose nested
 * objects have a member named `constructor`.
 */
export function referenceProblems(schema: MessageClass, data: object): string[] {
  const instance = plainToInstance(schema, data);
  return validateSync(instance, { forbidUnknownValues: true }).flatMap((error) => textsOf(error, ''));
}

function textsOf(error: ValidationError, parent: string): string[] {
  const path = parent === '' ? error.property : `${parent}.${error.property}`;
  // A message names the property alone, a list element's message the list; the path says where that stands.
  const named = path.split('.').findLast((part) => !/^\d+$/.test(part)) ?? path;
  const own = Object.values(error.constraints ?? {}).map((text) => text.replace(named, () => path));
  return [...own, ...(error.children ?? []).flatMap((child) => textsOf(child, path))];
}
