// The tables of schema fdwsync: how each release changed them. Their comments are in comments.ts.

import { join, type Sql, trusted } from '../core/sql.ts'
import { commentStatements } from './comments.ts'
import { createRefreshFunction } from './refresh-function/refresh-function.ts'

/** How one version changes the ledger's tables. A database runs each migration once, in the order of the list. */
interface Migration {
  /** The tables that it creates. */
  readonly tables: readonly string[]
  readonly statements: readonly Sql[]
}

/**
 * The ledger is a set of public tables that users may query. They are in the target database, so that a record of
 * ownership commits together with the DDL that it describes. A state file could disagree with the catalog.
 *
 * The tables have only columns of built-in types, a primary key, and indexes on columns. `trust.ts` rejects any default, check, foreign key
 * or trigger, because fdwsync would not have created it. A column that a migration adds is null in existing rows.
 */
const migrations: readonly Migration[] = [
  {
    tables: ['version', 'apply', 'object'],
    statements: [
      trusted(`CREATE TABLE fdwsync.version (version integer NOT NULL, PRIMARY KEY (version))`),
      trusted(`INSERT INTO fdwsync.version (version) VALUES (1)`),
      trusted(`CREATE TABLE fdwsync.apply (
        id uuid NOT NULL,
        manifest text NOT NULL,
        applied_by name NOT NULL,
        tool_version text NOT NULL,
        started_at timestamp with time zone NOT NULL,
        PRIMARY KEY (id))`),
      trusted(`CREATE TABLE fdwsync.object (
        manifest text NOT NULL,
        address text NOT NULL,
        object_oid oid NOT NULL,
        made boolean NOT NULL,
        declared jsonb NOT NULL,
        digest text,
        server_major integer NOT NULL,
        apply_id uuid NOT NULL,
        recorded_at timestamp with time zone NOT NULL,
        PRIMARY KEY (manifest, address))`),
    ],
  },
  {
    tables: ['step', 'refresh'],
    statements: [
      trusted(`ALTER TABLE fdwsync.apply
        ADD COLUMN ended_at timestamp with time zone,
        ADD COLUMN outcome text,
        ADD COLUMN manifest_digest text,
        ADD COLUMN summary jsonb,
        ADD COLUMN applied_from text,
        ADD COLUMN client_user text,
        ADD COLUMN client_host text,
        ADD COLUMN git_commit text,
        ADD COLUMN repository text,
        ADD COLUMN database_name name,
        ADD COLUMN database_oid oid,
        ADD COLUMN system_identifier bigint,
        ADD COLUMN lease_pid integer`),
      trusted(`CREATE TABLE fdwsync.step (
        apply_id uuid NOT NULL,
        step text NOT NULL,
        stage text NOT NULL,
        action text NOT NULL,
        address text NOT NULL,
        title text NOT NULL,
        outcome text NOT NULL,
        reason text,
        ended_at timestamp with time zone NOT NULL,
        PRIMARY KEY (apply_id, step))`),
      trusted(`CREATE TABLE fdwsync.refresh (
        id uuid NOT NULL,
        manifest text NOT NULL,
        address text NOT NULL,
        how text NOT NULL,
        refreshed_by name NOT NULL,
        started_at timestamp with time zone NOT NULL,
        ended_at timestamp with time zone NOT NULL,
        row_count bigint,
        outcome text NOT NULL,
        reason text,
        apply_id uuid,
        PRIMARY KEY (id))`),
    ],
  },
  {
    tables: [],
    statements: [trusted('ALTER TABLE fdwsync.object ADD COLUMN closure text')],
  },
  {
    tables: ['proof'],
    statements: [
      trusted(`CREATE TABLE fdwsync.proof (
        manifest text NOT NULL,
        manifest_digest text NOT NULL,
        tool_version text NOT NULL,
        server_major integer NOT NULL,
        head jsonb NOT NULL,
        object_count integer NOT NULL,
        catalog_state text NOT NULL,
        proven_at timestamp with time zone NOT NULL,
        PRIMARY KEY (manifest))`),
    ],
  },
  {
    tables: [],
    statements: [trusted('ALTER TABLE fdwsync.object ADD COLUMN source jsonb')],
  },
  {
    tables: [],
    statements: [trusted('ALTER TABLE fdwsync.proof ADD COLUMN source_state text')],
  },
  {
    tables: [],
    statements: [
      trusted('ALTER TABLE fdwsync.object RENAME COLUMN made TO created_by_fdwsync'),
      trusted(`UPDATE fdwsync.object
           SET source = source - '{asked,said}'::text[]
                     || jsonb_build_object('request', source -> 'asked', 'response', source -> 'said')
         WHERE source IS NOT NULL`),
    ],
  },
  {
    tables: [],
    statements: [trusted('ALTER TABLE fdwsync.object ADD COLUMN canonical jsonb, ADD COLUMN search_path text[]')],
  },
  {
    tables: [],
    statements: [trusted('ALTER TABLE fdwsync.apply ADD COLUMN not_imported jsonb')],
  },
  {
    // The digest in older proofs covers more than names could find.
    tables: [],
    statements: [
      trusted('DELETE FROM fdwsync.proof'),
      trusted('ALTER TABLE fdwsync.proof ADD COLUMN names text[] NOT NULL, ADD COLUMN warnings jsonb NOT NULL'),
    ],
  },
  {
    tables: [],
    statements: [trusted('ALTER TABLE fdwsync.object ADD COLUMN outdated_by text[]')],
  },
  {
    tables: ['policy'],
    statements: [
      trusted(`CREATE TABLE fdwsync.policy (
        address text NOT NULL,
        strategy text NOT NULL,
        max_age interval,
        schedule text,
        timeout interval,
        skip_if_same text,
        group_name text,
        PRIMARY KEY (address))`),
    ],
  },
  {
    tables: [],
    statements: [
      trusted(`ALTER TABLE fdwsync.refresh ADD COLUMN origin text, ADD COLUMN asked text, ADD COLUMN because text,
        ADD COLUMN inserted bigint, ADD COLUMN updated bigint, ADD COLUMN deleted bigint, ADD COLUMN bytes bigint`),
    ],
  },
  {
    tables: [],
    statements: [trusted('ALTER TABLE fdwsync.refresh ADD COLUMN answer text')],
  },
  {
    // It created the function fdwsync.refresh(), which the last one replaces.
    tables: [],
    statements: [],
  },
  {
    // A policy had the address of its copy, which was a materialized view.
    tables: [],
    statements: [
      trusted(
        `UPDATE fdwsync.policy SET address = '["refreshPolicy"' || substr(address, length('["materializedView"') + 1)`,
      ),
      trusted('CREATE INDEX refresh_address_started_at_idx ON fdwsync.refresh (address, started_at)'),
      // The index for the history, which lists the newest ones.
      trusted('CREATE INDEX refresh_started_at_idx ON fdwsync.refresh (started_at)'),
    ],
  },
  {
    tables: [],
    statements: [
      trusted('ALTER TABLE fdwsync.refresh ADD COLUMN state jsonb'),
      trusted('ALTER TABLE fdwsync.policy ADD COLUMN watermark jsonb'),
    ],
  },
  {
    // It replaced the function, as the last one does.
    tables: [],
    statements: [],
  },
  {
    // It replaced the function once more.
    tables: [],
    statements: [],
  },
  {
    tables: [],
    statements: [trusted('ALTER TABLE fdwsync.proof ADD COLUMN declarations jsonb')],
  },
  {
    // A copy holds what the refresh that ended last has written, since its refreshes exclude each other. Every refresh --stale and
    // status looks it up.
    tables: [],
    statements: [
      trusted('CREATE INDEX refresh_address_ended_at_idx ON fdwsync.refresh (address, ended_at)'),
      trusted('DROP INDEX fdwsync.refresh_address_started_at_idx'),
    ],
  },
  {
    // It replaced the function, too.
    tables: [],
    statements: [],
  },
  {
    // It replaced the function, too.
    tables: [],
    statements: [],
  },
  {
    // It replaced the function, too.
    tables: [],
    statements: [],
  },
  {
    // It replaced the function, too.
    tables: [],
    statements: [],
  },
  {
    // It replaced the function, too.
    tables: [],
    statements: [],
  },
  {
    // It replaced the function, too.
    tables: [],
    statements: [trusted('ALTER TABLE fdwsync.refresh ADD COLUMN is_former boolean')],
  },
  {
    // It replaced the function, too.
    tables: [],
    statements: [],
  },
  {
    // fdwsync.refresh() reads everything from a source that has lost the rows that were read last, and reads again what transactions that
    // were open at the source may have written.
    tables: [],
    statements: [createRefreshFunction],
  },
]

/** The version of the tables that this release writes. It reads tables of older versions as they are. */
export const ledgerVersion = migrations.length

/** The names of all tables, of any version. */
export const ledgerTables: readonly string[] = migrations.flatMap(({ tables }) => tables)

export const createLedgerSchema: Sql = trusted('CREATE SCHEMA fdwsync')

/** Migrates a ledger from `version` to the version of this release. Version 0 is an empty schema. */
export function ledgerMigration(version: number): Sql {
  const statements = migrations.slice(version).flatMap((migration) => migration.statements)
  const setVersion = trusted(`UPDATE fdwsync.version SET version = ${ledgerVersion}`)
  return join([...statements, setVersion, ...commentStatements()], ';\n')
}

/** The tables of a ledger of that version. */
export function tablesOfVersion(version: number): readonly string[] {
  return migrations.slice(0, version).flatMap(({ tables }) => tables)
}
