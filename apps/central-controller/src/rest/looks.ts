import { ExplainController } from './explain.controller.ts';
import { ExplainConnectionHandler } from './explain.query.ts';
import { LogLooks } from './log-looks.ts';

/** Calls that look into the log itself: explanations, the live stream, dead letters. */
export const LOOK_CONTROLLERS = [ExplainController];
export const LOOK_PROVIDERS = [LogLooks, ExplainConnectionHandler];
