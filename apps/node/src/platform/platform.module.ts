// Binds the libraries to dependency injection: everything from the world comes in here, once.
import { Global, Module, type DynamicModule } from '@nestjs/common';
import type { Storage } from '@cairn/block-store';
import type { KeyValueStore } from '@cairn/cluster';
import { MetricSet, type Logger } from '@cairn/telemetry';
import type { AccelerationReport, VmRuntime } from '@cairn/vm-runtime';
import { Database } from './database';
import { ENVIRONMENT, type Environment } from './environment';
import { ACCELERATION, CLUSTER_STORE, LOGGER, STORAGE, VM_RUNTIME } from './tokens';

/** The world outside the service. Tests put fakes in. */
export interface World {
  readonly environment: Environment;
  readonly logger: Logger;
  readonly storage: Storage;
  readonly runtime: VmRuntime;
  readonly acceleration: AccelerationReport;
  readonly clusterStore: KeyValueStore;
}

@Global()
@Module({})
export class PlatformModule {
  static with(world: World): DynamicModule {
    const { environment, logger } = world;
    const database = new Database({ url: environment.databaseUrl, logger });
    const providers = [
      { provide: ENVIRONMENT, useValue: environment },
      { provide: LOGGER, useValue: logger },
      { provide: STORAGE, useValue: world.storage },
      { provide: VM_RUNTIME, useValue: world.runtime },
      { provide: ACCELERATION, useValue: world.acceleration },
      { provide: CLUSTER_STORE, useValue: world.clusterStore },
      { provide: Database, useValue: database },
      { provide: MetricSet, useValue: new MetricSet() },
    ];
    return { module: PlatformModule, providers, exports: providers };
  }
}
