import 'reflect-metadata';
import 'reflect-metadata';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsIn,
  IsInt,
  IsISO8601,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateBy,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { LIMITS } from './limits.ts';
import { AGENT_KINDS, CONNECTION_ID_PATTERN, NAME_PATTERN, SESSION_ID_PATTERN } from './names.ts';

// biome-ignore lint/suspicious/noExplicitAny: constructors of the message classes, whatever their fields.
export type MessageClass = new (...args: any[]) => object;

const ELEMENT_CLASS = Symbol("class of a list's elements");

/** A property decorator made of others, so that each kind of field is described once. */
function all(...decorators: PropertyDecorator[]): PropertyDecorator {
  return (target, property) => {
    for (const decorate of decorators) decorate(target, property);
  };
}

/** Absent is fine, null is not: absent values are omitted everywhere. */
export const Optional = (): PropertyDecorator => ValidateIf((_object, value) => value !== undefined);
export const ConnectionId = (): PropertyDecorator => Matches(CONNECTION_ID_PATTERN);
export const SessionId = (): PropertyDecorator => Matches(SESSION_ID_PATTERN);
export const Name = (): PropertyDecorator => Matches(NAME_PATTERN);
export const Epoch = (): PropertyDecorator => all(IsInt(), Min(1), Max(Number.MAX_SAFE_INTEGER));
export const Count = (): PropertyDecorator => all(IsInt(), Min(0), Max(Number.MAX_SAFE_INTEGER));
export const Reason = (): PropertyDecorator => all(IsString(), MaxLength(LIMITS.reasonLength));
export const Incarnation = (): PropertyDecorator => Matches(/^[A-Za-z0-9-]{1,64}$/);
export const Timestamp = (): PropertyDecorator => IsISO8601({ strict: true, strictSeparator: true });
export const Address = (): PropertyDecorator =>
  all(MaxLength(LIMITS.addressLength), Matches(/^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/));
export const KindOfAgent = (): PropertyDecorator => IsIn(AGENT_KINDS);
export const Score = (): PropertyDecorator => all(Min(0), Max(100));
export const Ratio = (): PropertyDecorator => all(Min(0), Max(1));

/** An object of at most so many bytes as JSON; `member` says what its members must be, if that is bound. */
export const BoundedObject = (maxBytes: number, member?: 'number'): PropertyDecorator =>
  ValidateBy({
    name: 'boundedObject',
    constraints: [maxBytes, member ?? 'any'],
    validator: {
      validate: (value) =>
        isObject(value) &&
        (member === undefined || Object.values(value).every((each) => typeof each === member)) &&
        Buffer.byteLength(JSON.stringify(value)) <= maxBytes,
      defaultMessage: () =>
        '$property must be an object (members: $constraint2) of at most $constraint1 bytes as JSON',
    },
  });

/** A list of at most so many objects of a class. */
export const ListOf = (element: () => MessageClass, maxSize: number): PropertyDecorator =>
  all(
    IsArray(),
    ArrayMaxSize(maxSize),
    // ValidateNested alone looks into lists of lists, and takes them.
    ValidateBy({
      name: 'listOfObjects',
      validator: {
        validate: (value) => Array.isArray(value) && value.every(isObject),
        defaultMessage: () => '$property must hold objects only',
      },
    }),
    ValidateNested({ each: true }),
    Type(element),
    Reflect.metadata(ELEMENT_CLASS, element),
  );

/** One object of a class. */
export const Nested = (element: () => MessageClass): PropertyDecorator =>
  all(
    ValidateBy({
      name: 'nestedObject',
      validator: { validate: isObject, defaultMessage: () => '$property must be an object' },
    }),
    ValidateNested(),
    Type(element),
    Reflect.metadata(ELEMENT_CLASS, element),
  );

/** The class that ListOf or Nested was given for a property. */
export function elementClass(schema: MessageClass, property: string): MessageClass {
  const element = Reflect.getMetadata(ELEMENT_CLASS, schema.prototype, property) as () => MessageClass;
  return element();
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
