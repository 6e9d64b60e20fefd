import { startPostgres, type TestPostgres } from '@cairn/persistence/testing';
import { createLogger } from '@cairn/telemetry';
import type { EntityManager } from 'typeorm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Database } from './database';

let postgres: TestPostgres;
let database: Database;

beforeAll(async () => {
  postgres = await startPostgres();
  const logger = createLogger({ name: 'test', level: 'silent' });
  database = new Database({ url: await postgres.createDatabase(), logger });
  const ready = new Promise<void>((resolve) => database.onReady(resolve));
  database.start();
  await ready;
});

afterAll(async () => {
  await database.close();
  await postgres.stop();
});

const lock = async (manager: EntityManager, key: number): Promise<unknown> =>
  manager.query('SELECT pg_advisory_xact_lock($1)', [key]);

it('runs a transaction again that PostgreSQL ended to resolve a deadlock', async () => {
  let runs = 0;
  let arrived = 0;
  let meet = (): void => undefined;
  const met = new Promise<void>((resolve) => (meet = resolve));
  const cross = async (first: number, second: number): Promise<number> =>
    database.transaction(async (manager) => {
      runs += 1;
      await lock(manager, first);
      arrived += 1;
      if (arrived === 2) meet();
      await met;
      await lock(manager, second);
      return first;
    });
  await expect(Promise.all([cross(1, 2), cross(2, 1)])).resolves.toEqual([1, 2]);
  expect(runs).toBe(3);
});

it('gives up on any other error at once', async () => {
  let runs = 0;
  const failing = database.transaction(async (manager) => {
    runs += 1;
    await manager.query('SELECT 1 / 0');
  });
  await expect(failing).rejects.toThrow('division by zero');
  expect(runs).toBe(1);
});
