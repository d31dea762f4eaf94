export { evolve } from './evolve.ts';
export { decide } from './reservation.ts';
export {
  heldServer,
  type ReservationDecided,
  type ReservationOutcome,
  type ReservationState,
} from './state.ts';
