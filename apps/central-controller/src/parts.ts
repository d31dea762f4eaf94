import type { Type } from '@nestjs/common';
import { ControlLoopModule } from './control-loop/control-loop.module.ts';
import { FailoverModule } from './failover/failover.module.ts';
import { HealthMonitorModule } from './health-monitor/health-monitor.module.ts';
import { PARTS, type Part } from './part-names.ts';
import { ProjectorModule } from './projector/projector.module.ts';
import { RestModule } from './rest/rest.module.ts';

const MODULE_OF: Record<Part, Type> = {
  'control-loop': ControlLoopModule,
  failover: FailoverModule,
  'health-monitor': HealthMonitorModule,
  projector: ProjectorModule,
  rest: RestModule,
};

/** The modules of the chosen parts, in the order PARTS has them, whatever order they were named in. */
export function modulesOf(chosen: readonly Part[]): Type[] {
  return PARTS.filter((part) => chosen.includes(part)).map((part) => MODULE_OF[part]);
}
