import { SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import type { Role } from './principal.ts';

export const ROLE = Symbol('role');
/** The member of an operation in the OpenAPI document that names the role it needs. */
export const ROLE_EXTENSION = 'x-role';

/** The role that a route needs; without it reads need `viewer`, everything else `operator`. */
export function Needs(role: Role): MethodDecorator {
  return (target, key, descriptor) => {
    SetMetadata(ROLE, role)(target, key, descriptor);
    ApiExtension(ROLE_EXTENSION, role)(target, key, descriptor);
  };
}
