// The first schema. Constraint names follow naming.ts, so a test can prove that the entities and
// the migrations describe the same tables.
import type { MigrationInterface, QueryRunner } from 'typeorm';

const clusterTables = [
  `CREATE TABLE clusters (
     id uuid NOT NULL,
     name text NOT NULL,
     created_at timestamptz NOT NULL,
     updated_at timestamptz NOT NULL,
     revision bigint NOT NULL,
     CONSTRAINT clusters_pkey PRIMARY KEY (id)
   )`,
  `CREATE TABLE nodes (
     id uuid NOT NULL,
     name text NOT NULL,
     address text NOT NULL,
     created_at timestamptz NOT NULL,
     updated_at timestamptz NOT NULL,
     revision bigint NOT NULL,
     CONSTRAINT nodes_name_key UNIQUE (name),
     CONSTRAINT nodes_pkey PRIMARY KEY (id)
   )`,
];

const storageTables = [
  `CREATE TABLE volumes (
     id uuid NOT NULL,
     name text NOT NULL,
     description text NOT NULL DEFAULT '',
     tags text[] NOT NULL,
     purpose text NOT NULL,
     phase text NOT NULL,
     size_bytes bigint NOT NULL,
     engine_volume_id text,
     drive_id text,
     created_at timestamptz NOT NULL,
     updated_at timestamptz NOT NULL,
     revision bigint NOT NULL,
     CONSTRAINT volumes_name_key UNIQUE (name),
     CONSTRAINT volumes_engine_volume_id_key UNIQUE (engine_volume_id),
     CONSTRAINT volumes_pkey PRIMARY KEY (id)
   )`,
  `CREATE TABLE media (
     id uuid NOT NULL,
     kind text NOT NULL,
     name text NOT NULL,
     description text NOT NULL DEFAULT '',
     tags text[] NOT NULL,
     state text NOT NULL,
     source text NOT NULL,
     source_url text,
     format text,
     file_bytes bigint,
     virtual_size_bytes bigint,
     checksum text,
     error jsonb,
     node_id uuid NOT NULL,
     task_id uuid,
     volume_id uuid,
     created_at timestamptz NOT NULL,
     updated_at timestamptz NOT NULL,
     revision bigint NOT NULL,
     CONSTRAINT media_kind_name_key UNIQUE (kind, name),
     CONSTRAINT media_volume_id_key UNIQUE (volume_id),
     CONSTRAINT media_pkey PRIMARY KEY (id),
     CONSTRAINT media_volume_id_fkey FOREIGN KEY (volume_id) REFERENCES volumes(id)
   )`,
];

const vmTables = [
  `CREATE TABLE vms (
     id uuid NOT NULL,
     name text NOT NULL,
     description text NOT NULL DEFAULT '',
     tags text[] NOT NULL,
     phase text NOT NULL,
     desired_power_state text NOT NULL,
     vcpus integer NOT NULL,
     memory_bytes bigint NOT NULL,
     firmware text NOT NULL,
     machine_type text NOT NULL,
     cpu_model text,
     boot_order text[] NOT NULL,
     cloud_init jsonb,
     deletion_protection boolean NOT NULL DEFAULT false,
     node_id uuid NOT NULL,
     generation_id uuid NOT NULL,
     last_error text,
     created_at timestamptz NOT NULL,
     updated_at timestamptz NOT NULL,
     revision bigint NOT NULL,
     CONSTRAINT vms_name_key UNIQUE (name),
     CONSTRAINT vms_pkey PRIMARY KEY (id),
     CONSTRAINT vms_node_id_fkey FOREIGN KEY (node_id) REFERENCES nodes(id)
   )`,
  `CREATE TABLE vm_disks (
     id uuid NOT NULL,
     vm_id uuid NOT NULL,
     kind text NOT NULL,
     bus text NOT NULL,
     slot integer NOT NULL,
     volume_id uuid,
     iso_id uuid,
     read_only boolean NOT NULL DEFAULT false,
     iops_limit bigint,
     bytes_per_second_limit bigint,
     created_at timestamptz NOT NULL,
     CONSTRAINT vm_disks_vm_id_slot_key UNIQUE (vm_id, slot),
     CONSTRAINT vm_disks_volume_id_key UNIQUE (volume_id),
     CONSTRAINT vm_disks_pkey PRIMARY KEY (id),
     CONSTRAINT vm_disks_vm_id_fkey FOREIGN KEY (vm_id) REFERENCES vms(id) ON DELETE CASCADE,
     CONSTRAINT vm_disks_volume_id_fkey FOREIGN KEY (volume_id) REFERENCES volumes(id),
     CONSTRAINT vm_disks_iso_id_fkey FOREIGN KEY (iso_id) REFERENCES media(id)
   )`,
  `CREATE INDEX vm_disks_iso_id_idx ON vm_disks (iso_id)`,
  `CREATE TABLE vm_nics (
     id uuid NOT NULL,
     vm_id uuid NOT NULL,
     slot integer NOT NULL,
     model text NOT NULL,
     mac text NOT NULL,
     network_kind text NOT NULL,
     bridge text,
     connected boolean NOT NULL DEFAULT true,
     created_at timestamptz NOT NULL,
     CONSTRAINT vm_nics_vm_id_slot_key UNIQUE (vm_id, slot),
     CONSTRAINT vm_nics_mac_key UNIQUE (mac),
     CONSTRAINT vm_nics_pkey PRIMARY KEY (id),
     CONSTRAINT vm_nics_vm_id_fkey FOREIGN KEY (vm_id) REFERENCES vms(id) ON DELETE CASCADE
   )`,
];

const accessTables = [
  `CREATE TABLE users (
     id uuid NOT NULL,
     name text NOT NULL,
     display_name text NOT NULL DEFAULT '',
     role text NOT NULL,
     password_hash text NOT NULL,
     must_change_password boolean NOT NULL DEFAULT false,
     disabled boolean NOT NULL DEFAULT false,
     created_at timestamptz NOT NULL,
     updated_at timestamptz NOT NULL,
     last_login_at timestamptz,
     revision bigint NOT NULL,
     CONSTRAINT users_name_key UNIQUE (name),
     CONSTRAINT users_pkey PRIMARY KEY (id)
   )`,
  `CREATE TABLE sessions (
     id uuid NOT NULL,
     user_id uuid NOT NULL,
     secret_hash text NOT NULL,
     client text NOT NULL,
     ip text NOT NULL,
     created_at timestamptz NOT NULL,
     last_seen_at timestamptz NOT NULL,
     expires_at timestamptz NOT NULL,
     CONSTRAINT sessions_secret_hash_key UNIQUE (secret_hash),
     CONSTRAINT sessions_pkey PRIMARY KEY (id),
     CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
   )`,
  `CREATE INDEX sessions_user_id_idx ON sessions (user_id)`,
  `CREATE INDEX sessions_expires_at_idx ON sessions (expires_at)`,
  `CREATE TABLE api_tokens (
     id uuid NOT NULL,
     user_id uuid NOT NULL,
     name text NOT NULL,
     scopes text[],
     secret_hash text NOT NULL,
     created_at timestamptz NOT NULL,
     updated_at timestamptz NOT NULL,
     expires_at timestamptz NOT NULL,
     last_used_at timestamptz,
     revision bigint NOT NULL,
     CONSTRAINT api_tokens_secret_hash_key UNIQUE (secret_hash),
     CONSTRAINT api_tokens_user_id_name_key UNIQUE (user_id, name),
     CONSTRAINT api_tokens_pkey PRIMARY KEY (id),
     CONSTRAINT api_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
   )`,
];

const recordTables = [
  `CREATE TABLE tasks (
     id uuid NOT NULL,
     kind text NOT NULL,
     state text NOT NULL,
     resource_kind text,
     resource_id text,
     resource_name text,
     parent_id uuid,
     actor_kind text NOT NULL,
     actor_id uuid,
     actor_name text NOT NULL,
     owner_node_id uuid NOT NULL,
     cancellable boolean NOT NULL DEFAULT false,
     cancel_requested boolean NOT NULL DEFAULT false,
     percent double precision NOT NULL DEFAULT 0,
     bytes_done bigint,
     bytes_total bigint,
     steps jsonb NOT NULL,
     params jsonb,
     checkpoint jsonb NOT NULL,
     error jsonb,
     created_at timestamptz NOT NULL,
     started_at timestamptz,
     finished_at timestamptz,
     updated_at timestamptz NOT NULL,
     revision bigint NOT NULL,
     CONSTRAINT tasks_pkey PRIMARY KEY (id),
     CONSTRAINT tasks_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES tasks(id) ON DELETE CASCADE
   )`,
  `CREATE INDEX tasks_state_idx ON tasks (state)`,
  `CREATE INDEX tasks_created_at_idx ON tasks (created_at)`,
  `CREATE INDEX tasks_resource_id_idx ON tasks (resource_id)`,
  `CREATE INDEX tasks_parent_id_idx ON tasks (parent_id)`,
  `CREATE TABLE events (
     revision BIGSERIAL NOT NULL,
     at timestamptz NOT NULL,
     topic text NOT NULL,
     kind text NOT NULL,
     resource_id text NOT NULL,
     CONSTRAINT events_pkey PRIMARY KEY (revision)
   )`,
  `CREATE INDEX events_at_idx ON events (at)`,
  `CREATE TABLE audit_log (
     sequence bigint NOT NULL,
     at timestamptz NOT NULL,
     actor_id uuid,
     actor_name text NOT NULL,
     client text NOT NULL,
     ip text NOT NULL,
     action text NOT NULL,
     resource_kind text,
     resource_id text,
     result text NOT NULL,
     code text,
     request_id text,
     detail jsonb,
     prev_hash text NOT NULL,
     hash text NOT NULL,
     CONSTRAINT audit_log_pkey PRIMARY KEY (sequence)
   )`,
  `CREATE INDEX audit_log_at_idx ON audit_log (at)`,
  `CREATE TABLE idempotency_keys (
     actor_id uuid NOT NULL,
     key text NOT NULL,
     route text NOT NULL,
     request_hash text NOT NULL,
     status integer,
     headers jsonb NOT NULL,
     body jsonb,
     created_at timestamptz NOT NULL,
     expires_at timestamptz NOT NULL,
     CONSTRAINT idempotency_keys_pkey PRIMARY KEY (actor_id, key)
   )`,
  `CREATE INDEX idempotency_keys_expires_at_idx ON idempotency_keys (expires_at)`,
  `CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
   BEGIN
     RAISE EXCEPTION 'audit_log is append only';
   END
   $$`,
  `CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
     FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()`,
];

export class InitialSchema1795267200000 implements MigrationInterface {
  readonly name = 'InitialSchema1795267200000';

  async up(queryRunner: QueryRunner): Promise<void> {
    const statements = [
      ...clusterTables,
      ...storageTables,
      ...vmTables,
      ...accessTables,
      ...recordTables,
    ];
    for (const statement of statements) await queryRunner.query(statement);
  }

  /** Migrations only go forward: going back means restoring a backup. */
  async down(): Promise<void> {
    return Promise.reject(new Error('migrations are forward-only'));
  }
}
