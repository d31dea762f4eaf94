import { DeadLettersController } from './dead-letters.controller.ts';
import { ListDeadLettersHandler } from './dead-letters.ts';
import { ExplainController } from './explain.controller.ts';
import { ExplainConnectionHandler } from './explain.query.ts';
import { LiveController } from './live.controller.ts';
import { LiveService } from './live.service.ts';
import { LogLooks } from './log-looks.ts';

/** Calls that look into the log itself: explanations, the live stream, dead letters. */
export const LOOK_CONTROLLERS = [ExplainController, LiveController, DeadLettersController];
export const LOOK_PROVIDERS = [LogLooks, LiveService, ExplainConnectionHandler, ListDeadLettersHandler];
