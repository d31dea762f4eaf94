import { checked, isReadable } from '#libs/agent';
import { linkProblems, poolProblems } from './config-lists.ts';

export const Links = (): PropertyDecorator =>
  checked('links', (value, { agentId, applicationPorts }) =>
    linkProblems(value, String(agentId), Array.isArray(applicationPorts) ? applicationPorts : []),
  );

export const Pool = (): PropertyDecorator => checked('pool', (value) => poolProblems(value, isReadable));
