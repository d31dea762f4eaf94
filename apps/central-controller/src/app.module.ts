import { type DynamicModule, Module } from '@nestjs/common';
import { type CoreServices, coreModule } from './core/core.module.ts';
import { HttpModule } from './http/http.module.ts';
import { modulesOf } from './parts.ts';

@Module({})
export class AppModule {}

/** The chosen parts beside each other; they share the core's services and know nothing of one another. */
export function appModule(core: CoreServices): DynamicModule {
  const parts = modulesOf(core.configuration.config.parts);
  return { module: AppModule, imports: [coreModule(core), HttpModule, ...parts] };
}
