import { getMetadataStorage, type ValidationArguments } from 'class-validator';
import { elementClass, type MessageClass } from '../fields.ts';

/**
 * class-validator gathers and groups a class's rules anew for every object, and needs class-transformer to
 * build instances first. This gathers them once: the same rules, the same constraint functions, on the plain
 * data as JSON.parse gave it. What it answers equals class-validator's answer; `equality.spec.ts` holds that
 * on random data, and docs/contracts-validation.md has what it saves.
 */

/** Problems named at most; a record can be wrong in thousands of places. */
export const MAX_PROBLEMS = 8;

/** Adds one text for each field that is not valid, up to MAX_PROBLEMS. */
export type Check = (data: object, path: string, problems: string[]) => void;

type Members = Readonly<Record<string, unknown>>;
type Condition = (object: object, value: unknown) => boolean;

interface Rule {
  readonly validate: (value: unknown) => boolean;
  /** class-validator's own message, with `$property` still to be replaced. */
  readonly message: string;
}

interface Property {
  readonly name: string;
  readonly conditions: readonly Condition[];
  readonly rules: readonly Rule[];
  /** How many `ValidateNested` stand on it: 0 or 1. */
  readonly nested: Nested | undefined;
}

interface Nested {
  readonly check: Check;
  readonly message: string;
}

const compiled = new Map<MessageClass, Check>();

/** The check of a message class; made at its first use. */
export function checkOf(schema: MessageClass): Check {
  let check = compiled.get(schema);
  if (check === undefined) {
    const properties = propertiesOf(schema);
    check = (data, path, problems) => {
      for (const property of properties) checkProperty(property, data as Members, path, problems);
    };
    compiled.set(schema, check);
  }
  return check;
}

function checkProperty(property: Property, data: Members, path: string, problems: string[]): void {
  const value = data[property.name];
  for (const condition of property.conditions) if (!condition(data, value)) return;
  for (const rule of property.rules) {
    if (!rule.validate(value)) report(rule.message, path + property.name, problems);
  }
  if (property.nested !== undefined && value !== undefined) {
    checkNested(property.nested, value, path + property.name, problems);
  }
}

function checkNested(nested: Nested, value: unknown, path: string, problems: string[]): void {
  if (problems.length >= MAX_PROBLEMS) return;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const element: unknown = value[index];
      // An undefined element cannot come out of JSON; class-validator passes it over.
      if (element !== undefined) checkNested(nested, element, `${path}.${index}`, problems);
    }
  } else if (typeof value === 'object' && value !== null) nested.check(value, `${path}.`, problems);
  else report(nested.message, path, problems);
}

function report(message: string, path: string, problems: string[]): void {
  if (problems.length < MAX_PROBLEMS) problems.push(message.replaceAll('$property', () => path));
}

function propertiesOf(schema: MessageClass): Property[] {
  const storage = getMetadataStorage();
  const metadatas = storage.getTargetValidationMetadatas(schema, '', false, false);
  return Object.entries(storage.groupByPropertyName(metadatas)).map(([name, ofProperty]) => {
    const conditions: Condition[] = [];
    const rules: Rule[] = [];
    let nested: Nested | undefined;
    for (const metadata of ofProperty) {
      switch (metadata.type) {
        case 'conditionalValidation':
          conditions.push(metadata.constraints[0]);
          break;
        case 'nestedValidation':
          nested = { check: checkOf(elementClass(schema, name)), message: String(metadata.message) };
          break;
        case 'customValidation':
          rules.push(ruleOf(schema, metadata));
          break;
        default:
          throw new Error(`${schema.name}.${name}: validation ${metadata.type} cannot be compiled`);
      }
    }
    return { name, conditions, rules, nested };
  });
}

type Metadata = ReturnType<ReturnType<typeof getMetadataStorage>['getTargetValidationMetadatas']>[number];

function ruleOf(schema: MessageClass, metadata: Metadata): Rule {
  const [constraint] = getMetadataStorage().getTargetValidatorConstraints(metadata.constraintCls);
  if (constraint === undefined || metadata.each || metadata.validateIf !== undefined || constraint.async)
    throw new Error(`${schema.name}.${metadata.propertyName}: this form of rule cannot be compiled`);
  const { instance } = constraint;
  // Constraint functions of ours and of class-validator read `constraints` alone.
  const args: ValidationArguments = {
    targetName: schema.name,
    property: metadata.propertyName,
    object: {},
    value: undefined,
    constraints: metadata.constraints,
  };
  const template = metadata.message || (instance.defaultMessage?.(args) ?? '');
  const message = typeof template === 'function' ? template(args) : template;
  const direct = directOf(constraint.name, metadata.constraints);
  return {
    validate: direct ?? ((value) => instance.validate(value, args) as boolean),
    message: (metadata.constraints ?? []).reduce<string>(
      (text, value, index) => text.replaceAll(`$constraint${index + 1}`, () => wordsOf(value)),
      message,
    ),
  };
}

/**
 * `matches` is on most fields, and class-validator's uses String.match, which builds an array for each match;
 * this says the same without one.
 */
function directOf(name: string, constraints: unknown[]): ((value: unknown) => boolean) | undefined {
  const [pattern] = constraints ?? [];
  if (name !== 'matches' || !(pattern instanceof RegExp) || pattern.global || pattern.sticky)
    return undefined;
  return (value) => typeof value === 'string' && pattern.test(value);
}

function wordsOf(constraint: unknown): string {
  return Array.isArray(constraint) ? constraint.join(', ') : String(constraint);
}
