import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DataSource } from 'typeorm';
import { createDataSource, dataSourceDefaults } from '../data-source';
import { startPostgres, type TestPostgres } from '../testing/test-postgres';

let postgres: TestPostgres;
let source: DataSource;

beforeAll(async () => {
  postgres = await startPostgres();
  source = createDataSource({
    ...dataSourceDefaults,
    url: await postgres.createDatabase(),
    onPoolError: () => undefined,
  });
  await source.initialize();
});

afterAll(async () => {
  await source.destroy();
  await postgres.stop();
});

describe('the migrations', () => {
  it('build exactly the tables that the entities describe', async () => {
    await source.runMigrations();
    const difference = await source.driver.createSchemaBuilder().log();
    expect(difference.upQueries.map((query) => query.query)).toEqual([]);
  });

  it('do nothing the second time', async () => {
    expect(await source.runMigrations()).toEqual([]);
  });

  it('do not go back', async () => {
    await expect(source.undoLastMigration()).rejects.toThrow('forward-only');
  });

  it('make an audit log that can be neither changed nor emptied', async () => {
    await source.query(
      `INSERT INTO audit_log (sequence, at, actor_name, client, ip, action, result, prev_hash, hash)
       VALUES (1, now(), 'a', '', '', 'x', 'success', '', '')`,
    );
    for (const change of [
      'UPDATE audit_log SET action = $$y$$',
      'DELETE FROM audit_log',
      'TRUNCATE audit_log',
    ]) {
      await expect(source.query(change)).rejects.toThrow('append only');
    }
  });
});
