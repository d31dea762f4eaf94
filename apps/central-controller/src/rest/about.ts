import { Inject, Injectable } from '@nestjs/common';
import type { Configuration } from '../config.ts';
import { Readiness } from '../core/readiness.ts';
import { CONFIGURATION } from '../core/tokens.ts';
import { Access } from '../http/auth/access.ts';
import type { AccessStatus, PartStatus } from './status.views.ts';

/** What the process knows of itself beside its configuration. */
@Injectable()
export class About {
  constructor(
    private readonly readiness: Readiness,
    private readonly access: Access,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {}

  parts(): PartStatus[] {
    return this.readiness.states().map(([part, { ready, ...details }]) => ({ part, ready, details }));
  }

  whoMay(): AccessStatus {
    const { config, token } = this.configuration;
    const keys = this.access.keyState();
    return {
      reads_open: this.access.readsAreOpen,
      shared_token: token !== undefined,
      ...(keys && { keys: { issuer: config.jwtIssuer ?? '', ...keys } }),
    };
  }
}
