import { getMetadataStorage } from 'class-validator';

/** @typedef {Record<string, any>} Schema */
/** @typedef {new () => object} MessageClass */

/**
 * Narrows the schema of a class by its validation rules, so that the document says what is checked.
 * @param {Schema} schema of the class's type
 * @param {MessageClass} type
 * @param {(type: MessageClass, property: string) => MessageClass} elementClass
 * @returns {Schema}
 */
export function narrowed(schema, type, elementClass) {
  /** @type {Schema} */
  const properties = { ...schema.properties };
  const optional = new Set();
  for (const rule of getMetadataStorage().getTargetValidationMetadatas(type, '', false, false)) {
    const name = rule.propertyName;
    const before = properties[name];
    if (before === undefined) throw new Error(`${type.name}.${name} is validated and is no member`);
    if (rule.type === 'conditionalValidation') optional.add(name);
    else if (rule.type === 'nestedValidation') {
      const element = elementClass(type, name);
      properties[name] =
        before.items === undefined
          ? narrowed(before, element, elementClass)
          : { ...before, items: narrowed(before.items, element, elementClass) };
    } else properties[name] = { ...before, ...keywordsOf(rule.name ?? '', rule.constraints) };
  }
  const required = Object.keys(properties).filter((name) => !optional.has(name));
  if (required.join() !== (schema.required ?? []).join())
    throw new Error(
      `${type.name}: what is optional by type (not: ${schema.required}) is not so by rule (${required})`,
    );
  return { ...schema, properties };
}

/** JSON Schema keywords of one rule. @param {string} rule @param {any[]} constraints @returns {Schema} */
function keywordsOf(rule, constraints) {
  const [value] = constraints ?? [];
  switch (rule) {
    case 'matches':
      return { pattern: value.source };
    case 'isInt':
      return { type: 'integer' };
    case 'min':
      return { minimum: value };
    case 'max':
      return { maximum: value };
    case 'maxLength':
      return { maxLength: value };
    case 'isIn':
      return { enum: [...value] };
    case 'arrayMaxSize':
      return { maxItems: value };
    case 'isIso8601':
      return { format: 'date-time' };
    case 'boundedObject':
      return { 'x-max-bytes': value };
    // Said by the type already.
    case 'isString':
    case 'isBoolean':
    case 'isNumber':
    case 'isArray':
    case 'listOfObjects':
    case 'nestedObject':
      return {};
    default:
      throw new Error(`the rule ${rule} has no JSON Schema keyword here`);
  }
}
