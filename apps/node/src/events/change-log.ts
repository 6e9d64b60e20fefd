// The write side of the event feed. Every change of a resource appends one row to the outbox in the
// same transaction, so an event exists exactly when its change does.
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { z } from 'zod';

/** PostgreSQL channel on which every node hears that the outbox has grown. */
export const CHANGE_CHANNEL = 'cairn_changes';

/** Advisory lock of the outbox; see ChangeLog.record. */
const OUTBOX_LOCK = 4_201_001;

export type ChangeTopic =
  | 'cluster'
  | 'nodes'
  | 'drives'
  | 'vms'
  | 'volumes'
  | 'images'
  | 'isos'
  | 'tasks'
  | 'users'
  | 'sessions'
  | 'apiTokens';

export interface Change {
  readonly topic: ChangeTopic;
  readonly kind: 'upsert' | 'delete' | 'taskProgress';
  readonly resourceId: string;
}

const insertedSchema = z.array(z.object({ revision: z.coerce.number() })).length(1);

@Injectable()
export class ChangeLog {
  /**
   * Appends `change` and returns its revision, the new revision of the resource. Call it inside the
   * transaction that makes the change. The lock is held until that transaction ends: revisions
   * become visible in order, so that a reader that has seen 7 never finds a 6 afterwards.
   */
  async record(manager: EntityManager, change: Change): Promise<number> {
    const rows: unknown = await manager.query(
      `WITH locked AS MATERIALIZED (SELECT pg_advisory_xact_lock($1)),
            entry AS (
              INSERT INTO events (at, topic, kind, resource_id)
              SELECT clock_timestamp(), $2, $3, $4::text FROM locked
              RETURNING revision)
       SELECT revision, pg_notify($5, revision::text) FROM entry`,
      [OUTBOX_LOCK, change.topic, change.kind, change.resourceId, CHANGE_CHANNEL],
    );
    const [entry] = insertedSchema.parse(rows);
    return entry?.revision ?? 0;
  }
}
