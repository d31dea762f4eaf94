import { Module } from '@nestjs/common';
import { logPart } from '../core/log-part.ts';
import { HealthMonitorPart } from './health-monitor.part.ts';

@Module({
  providers: [
    logPart('health-monitor', ({ log, config, timings: { fleetAgeMs, leaseMarginMs }, deps }) => {
      return new HealthMonitorPart(log, { ...config, fleetAgeMs, leaseMarginMs }, deps);
    }),
  ],
})
export class HealthMonitorModule {}
