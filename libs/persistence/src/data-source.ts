// The one place that opens PostgreSQL. `synchronize` is off for good: the schema changes only by
// the migrations of this library, forward only.
import { DataSource } from 'typeorm';
import { ApiTokenEntity, SessionEntity, UserEntity } from './entities/access';
import { ClusterEntity, NodeEntity } from './entities/cluster';
import { AuditEntity, EventEntity, IdempotencyKeyEntity, TaskEntity } from './entities/record';
import { MediaEntity, VolumeEntity } from './entities/storage';
import { VmDiskEntity, VmEntity, VmNicEntity } from './entities/vm';
import { migrations } from './migrations';
import { PostgresNamingStrategy } from './naming';

export interface DataSourceOptions {
  readonly url: string;
  /** Connections of this process; each one costs PostgreSQL a process. */
  readonly poolSize: number;
  /** How long a caller waits for a connection before the database counts as unavailable. */
  readonly connectTimeoutMs: number;
  /** PostgreSQL ends any statement of ours that takes longer. */
  readonly statementTimeoutMs: number;
  readonly onPoolError: (error: unknown) => void;
}

export const dataSourceDefaults = {
  poolSize: 6,
  connectTimeoutMs: 3_000,
  statementTimeoutMs: 15_000,
} as const;

/** Builds an unconnected data source; `initialize()` connects, `runMigrations()` brings it up. */
export function createDataSource(options: DataSourceOptions): DataSource {
  return new DataSource({
    type: 'postgres',
    url: options.url,
    applicationName: 'cairn-node',
    entities: [
      ClusterEntity,
      NodeEntity,
      VmEntity,
      VmDiskEntity,
      VmNicEntity,
      VolumeEntity,
      MediaEntity,
      UserEntity,
      SessionEntity,
      ApiTokenEntity,
      TaskEntity,
      EventEntity,
      AuditEntity,
      IdempotencyKeyEntity,
    ],
    migrations: [...migrations],
    migrationsTableName: 'schema_migrations',
    migrationsTransactionMode: 'each',
    namingStrategy: new PostgresNamingStrategy(),
    synchronize: false,
    logging: false,
    installExtensions: false,
    poolSize: options.poolSize,
    connectTimeoutMS: options.connectTimeoutMs,
    poolErrorHandler: options.onPoolError,
    extra: {
      statement_timeout: options.statementTimeoutMs,
      idleTimeoutMillis: 60_000,
      min: 1,
    },
  });
}
