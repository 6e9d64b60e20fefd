// PostgreSQL as the service sees it: there, or not there. It connects and migrates in the
// background, so the process starts (and guests are adopted) while the database is down; every
// call in that time fails fast with DatabaseUnavailableError, which the API turns into 503.
import type { DataSource, EntityManager } from 'typeorm';
import { QueryFailedError } from 'typeorm';
import { createDataSource, dataSourceDefaults } from '@cairn/persistence';
import type { Logger } from '@cairn/telemetry';
import { backOffMs, delay } from './delay';

/** The database does not answer; the caller may retry after `retryAfterSeconds`. */
export class DatabaseUnavailableError extends Error {
  readonly retryAfterSeconds = 2;
  constructor(cause: unknown) {
    super('the database is unavailable', { cause });
  }
}

const CONNECTION_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOENT',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  '57P01',
  '57P02',
  '57P03',
  '53300',
  '25006',
]);
const CONNECTION_MESSAGES =
  /timeout exceeded when trying to connect|connection terminated|client has encountered a connection error|cannot use a pool after|driver not connected|connection timeout/i;

/** deadlock_detected, serialization_failure */
const RETRIED_CODES = new Set(['40P01', '40001']);
const TRANSACTION_ATTEMPTS_MAX = 5;
const DEADLOCK_PAUSE_MS = 20;

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

/** Whether `error` says that the database cannot be talked to, rather than that it refused. */
export function isConnectionError(error: unknown): boolean {
  const driverError: unknown = error instanceof QueryFailedError ? error.driverError : error;
  const code = codeOf(driverError);
  if (CONNECTION_CODES.has(code) || code.startsWith('08')) return true;
  return driverError instanceof Error && CONNECTION_MESSAGES.test(driverError.message);
}

/** The name of the violated unique constraint, or null when `error` is something else. */
export function violatedUniqueConstraint(error: unknown): string | null {
  return violatedConstraint(error, '23505');
}

/** The name of the violated foreign key, or null when `error` is something else. */
export function violatedForeignKey(error: unknown): string | null {
  return violatedConstraint(error, '23503');
}

/** Whether PostgreSQL ended the transaction so that others could go on: running it again helps. */
function isDeadlock(error: unknown): boolean {
  if (!(error instanceof QueryFailedError)) return false;
  return RETRIED_CODES.has(codeOf(error.driverError));
}

function violatedConstraint(error: unknown, sqlState: string): string | null {
  if (!(error instanceof QueryFailedError)) return null;
  const driverError: unknown = error.driverError;
  if (codeOf(driverError) !== sqlState) return null;
  if (typeof driverError !== 'object' || driverError === null) return null;
  if (!('constraint' in driverError)) return null;
  return typeof driverError.constraint === 'string' ? driverError.constraint : null;
}

export interface DatabaseOptions {
  readonly url: string;
  readonly logger: Logger;
}

export class Database {
  readonly #source: DataSource;
  readonly #stop = new AbortController();
  readonly #readyListeners: Array<() => void> = [];
  #ready = false;
  #connecting: Promise<void> = Promise.resolve();

  constructor(private readonly options: DatabaseOptions) {
    this.#source = createDataSource({
      ...dataSourceDefaults,
      url: options.url,
      onPoolError: (error) => options.logger.warn({ err: error }, 'database connection lost'),
    });
  }

  /** Begins to connect; returns at once. */
  start(): void {
    this.#connecting = this.#connectUntilReady();
  }

  get isReady(): boolean {
    return this.#ready;
  }

  /** Calls `listener` once, when the schema is up to date; at once if it already is. */
  onReady(listener: () => void): void {
    if (this.#ready) listener();
    else this.#readyListeners.push(listener);
  }

  /** Runs reads (or a single write) without a transaction. */
  async read<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.#guarded(() => work(this.#source.manager));
  }

  /**
   * Runs `work` in one transaction; it commits when the promise resolves. Transactions that wait
   * for each other are resolved by PostgreSQL, which ends one of them: that one is run again from
   * its beginning. So `work` may do nothing but talk to the database.
   */
  async transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.#guarded(async () => {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await this.#source.transaction('READ COMMITTED', work);
        } catch (error) {
          if (!isDeadlock(error) || attempt === TRANSACTION_ATTEMPTS_MAX) throw error;
          this.options.logger.debug({ attempt }, 'transaction met a deadlock and is run again');
          await delay(Math.random() * DEADLOCK_PAUSE_MS * attempt, this.#stop.signal);
        }
      }
    });
  }

  /** Whether the database answers now. */
  async probe(): Promise<boolean> {
    try {
      await this.read((manager) => manager.query('SELECT 1'));
      return true;
    } catch {
      return false;
    }
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#connecting;
    if (this.#source.isInitialized) await this.#source.destroy();
  }

  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    if (!this.#ready) throw new DatabaseUnavailableError(new Error('not connected yet'));
    try {
      return await work();
    } catch (error) {
      if (isConnectionError(error)) throw new DatabaseUnavailableError(error);
      throw error;
    }
  }

  async #connectUntilReady(): Promise<void> {
    for (let attempt = 0; !this.#stop.signal.aborted; attempt += 1) {
      try {
        if (!this.#source.isInitialized) await this.#source.initialize();
        const applied = await this.#source.runMigrations();
        for (const migration of applied) {
          this.options.logger.info({ migration: migration.name }, 'schema migrated');
        }
        this.#ready = true;
        for (const listener of this.#readyListeners.splice(0)) listener();
        return;
      } catch (error) {
        const level = attempt === 0 ? 'warn' : 'debug';
        this.options.logger[level]({ err: error }, 'database not reachable, trying again');
        await delay(backOffMs(attempt, 100, 3_000), this.#stop.signal);
      }
    }
  }
}
