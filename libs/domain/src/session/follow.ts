import type { SessionPhase } from '#libs/contracts';
import { SESSION_RULES } from '../policy.ts';
import { type CommandSpec, openRelay, redirectController } from './commands.ts';
import { isAt } from './legs.ts';
import { isSilent, windowEndsMs, windowMs } from './over.ts';
import type { Standing, Step } from './state.ts';

/** What comes next for a session whose target is held. */
export interface Next {
  readonly phase: SessionPhase;
  readonly after: Standing;
  readonly commands: CommandSpec[];
  readonly dueMs: number;
}

/**
 * The next step towards the relay: the target's consent, then the controller at the same broker, then the relay. A session
 * that stood before is `interrupted` until it stands again, whatever step it is at.
 */
export function follow(step: Step, standing: Standing): Next {
  const { input } = step;
  const { placement, controller, consented, controller_id = '', target_id = '' } = standing;
  const again = standing.opened === true;
  const endsMs = again ? windowEndsMs(step, standing.surviveMs) : undefined;
  const next = (phase: SessionPhase, forMs: number, commands: CommandSpec[], after: Standing = {}): Next => ({
    phase: again ? 'interrupted' : phase,
    dueMs: endsMs ?? input.nowMs + forMs,
    commands,
    after: { ...standing, ...after, windowEndsMs: endsMs },
  });
  if (placement === undefined || !consented) return next('target-attached', SESSION_RULES.consentMs, []);
  if (isAt(controller, placement)) {
    const who = { controller_id, target_id, window_ms: windowMs(step, standing.surviveMs) };
    const assigned = { ...placement, controller_attachment_id: controller.attachment_id };
    return next(
      'redirecting',
      SESSION_RULES.openMs,
      // The relay before goes on until this one stands: it may yet be refused, or never be.
      [openRelay(placement, controller, who)],
      { placement: assigned },
    );
  }
  // Nobody is there to be told: it comes by itself, or not within the window.
  if (controller === undefined || isSilent(step, controller)) {
    return next('redirecting', windowEndsMs(step, standing.surviveMs) - input.nowMs, []);
  }
  return next('redirecting', SESSION_RULES.redirectMs, [
    redirectController(controller, controller_id, placement),
  ]);
}
