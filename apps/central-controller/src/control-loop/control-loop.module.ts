import { Module } from '@nestjs/common';
import { logPart } from '../core/log-part.ts';
import { ControlLoopPart } from './control-loop.part.ts';

@Module({
  providers: [
    logPart('control-loop', ({ log, config, timings: { fleetAgeMs }, deps }) => {
      return new ControlLoopPart(log, { ...config, fleetAgeMs }, deps);
    }),
  ],
})
export class ControlLoopModule {}
