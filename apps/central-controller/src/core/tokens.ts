/** What every part may have injected (`@Inject(LOG) log: Log`), provided once by CoreModule. */

/** Configuration: all that the environment said, and what came with it. */
export const CONFIGURATION = Symbol('configuration');
/** ControllerConfig, frozen. */
export const CONFIG = Symbol('config');
/** Timings: libs/contracts' TIMING with the environment's overrides. */
export const TIMINGS = Symbol('timings');
/** The bearer token, or undefined. */
export const TOKEN = Symbol('token');
/** libs/platform's Logger. */
export const LOGGER = Symbol('logger');
/** libs/platform's metrics Registry. */
export const METRICS = Symbol('metrics');
/** libs/platform's Tracing. */
export const TRACING = Symbol('tracing');
/** libs/platform's Clock. */
export const CLOCK = Symbol('clock');
/** libs/log's Log. */
export const LOG = Symbol('log');
/** libs/log's LogObserver, counting into METRICS. */
export const LOG_OBSERVER = Symbol('log observer');
