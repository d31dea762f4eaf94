import { getMetadataStorage } from 'class-validator';
import type { MessageClass } from '#libs/contracts';

interface Described {
  type: 'boolean' | 'integer' | 'number' | 'string';
  minimum?: number;
  maximum?: number;
  enum?: string[];
  default?: unknown;
}

/** What OpenAPI says of a message class of figures and words, out of the rules that it is checked by. */
export function schemaOf(
  schema: MessageClass,
  defaults: Readonly<Record<string, unknown>>,
): { type: 'object'; additionalProperties: false; properties: Record<string, Described> } {
  const rules = getMetadataStorage().getTargetValidationMetadatas(schema, '', false, false);
  const properties: Record<string, Described> = {};
  for (const { propertyName, name, constraints } of rules) {
    properties[propertyName] ??= { type: 'number', default: defaults[propertyName] };
    const described = properties[propertyName];
    if (name === 'isBoolean') described.type = 'boolean';
    if (name === 'isInt') described.type = 'integer';
    if (name === 'min') described.minimum = constraints?.[0];
    if (name === 'max') described.maximum = constraints?.[0];
    if (name === 'isIn') Object.assign(described, { type: 'string', enum: constraints?.[0] });
  }
  return { type: 'object', additionalProperties: false, properties };
}
