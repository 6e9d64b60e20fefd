// Database names follow PostgreSQL's own habits, so that the hand-written migrations read like
// what `psql` shows: snake_case columns, `<table>_pkey`, `<table>_<columns>_key|idx|fkey`.
import { DefaultNamingStrategy, type Table } from 'typeorm';

/** `memoryBytes` -> `memory_bytes`. */
export function toSnakeCase(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
}

function bareTableName(table: Table | string): string {
  const name = typeof table === 'string' ? table : table.name;
  return name.split('.').pop() ?? name;
}

function constraintName(table: Table | string, columns: readonly string[], suffix: string): string {
  return [bareTableName(table), ...columns, suffix].join('_');
}

/** The naming strategy of every Cairn data source. */
export class PostgresNamingStrategy extends DefaultNamingStrategy {
  override columnName(propertyName: string, customName: string): string {
    return customName || toSnakeCase(propertyName);
  }

  override primaryKeyName(table: Table | string): string {
    return constraintName(table, [], 'pkey');
  }

  override uniqueConstraintName(table: Table | string, columnNames: string[]): string {
    return constraintName(table, columnNames, 'key');
  }

  override indexName(table: Table | string, columnNames: string[]): string {
    return constraintName(table, columnNames, 'idx');
  }

  override foreignKeyName(table: Table | string, columnNames: string[]): string {
    return constraintName(table, columnNames, 'fkey');
  }
}
