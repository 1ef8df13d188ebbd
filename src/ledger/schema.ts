import { ident, join, literal, qualified, type Sql, sql, trusted } from '../core/sql.ts'

/** One version's change of the ledger's tables. It runs once in a database, in the order of the list. */
interface Migration {
  /** The tables that it makes. */
  readonly tables: readonly string[]
  readonly statements: readonly Sql[]
}

/**
 * The ledger: public tables that people may query. They live in the target database, so that ownership commits together
 * with the DDL and can never disagree with the catalog the way a state file can.
 *
 * Its tables have nothing but columns of built-in types and a primary key: `ledger-trust.ts` takes any default, check,
 * foreign key or trigger for somebody else's. A column that is added is null in the rows that were there before.
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
]

/** The version of the ledger's tables that this release writes. It reads older ones as they are. */
export const ledgerVersion = migrations.length

/** The names of all tables that a ledger of any version has. */
export const ledgerTables: readonly string[] = migrations.flatMap(({ tables }) => tables)

export const createLedgerSchema: Sql = trusted('CREATE SCHEMA fdwsync')

/** What brings a ledger of that version, 0 for none, to this release's. */
export function ledgerMigration(version: number): Sql {
  const statements = migrations.slice(version).flatMap((migration) => migration.statements)
  const note = trusted(`UPDATE fdwsync.version SET version = ${ledgerVersion}`)
  return join([...statements, note, ...commentStatements()], ';\n')
}

/** The tables of a ledger of that version. */
export function tablesOfVersion(version: number): readonly string[] {
  return migrations.slice(0, version).flatMap(({ tables }) => tables)
}

const applyIdentity = 'The id of the apply, as its report has it'
const address =
  'The object: its kind and the parts of its name, as JSON: ["materializedView","schema","name"], ["userMapping","server",null] for PUBLIC'
const outcomes = 'applied, failed, skipped or in doubt'

/** What people read of the tables and their columns, in `\d+` as in README.md. */
export const ledgerComments: Readonly<Record<string, { readonly table: string } & Readonly<Record<string, string>>>> = {
  version: {
    table: 'The version of these tables; one row.',
    version: 'Only a release of fdwsync that knows this version writes here',
  },
  apply: {
    table: 'An apply a row: who applied which manifest, when, from where, and what came of it.',
    id: 'As in the report of the apply',
    manifest: 'The name of the manifest',
    applied_by: 'The database role that applied',
    tool_version: 'The release of fdwsync',
    started_at: 'When its definitions began',
    ended_at: 'When it ended; null while it runs, and of one that was killed',
    outcome:
      'in progress, applied, applied in part, failed or in doubt; null if it was before version 2 of these tables',
    manifest_digest:
      'The SHA-256 of the text of the manifest, as sha256sum tells it; null if it holds a password in clear',
    summary: 'What was planned: how many objects are made, altered …, and a line a change; no values, so no secrets',
    applied_from: 'The address of the client; socket if it was on the same machine',
    client_user: 'The user of the operating system who ran fdwsync, as the client says',
    client_host: 'The name of the machine on which fdwsync ran, as the client says',
    git_commit: 'The Git commit, if it ran in a pipeline that tells',
    repository: 'The address of the repository, if it ran in a pipeline that tells',
    database_name: 'The database in which it was applied: another one where this database is a copy',
    database_oid: 'The OID of that database',
    system_identifier: 'The cluster of that database, as pg_control_system() tells it; null if that was forbidden',
    lease_pid: 'The server process that held the lease of the manifest: it is in pg_locks while the apply runs',
  },
  step: {
    table: 'A step of an apply a row, in the transaction that made it, so that a row with "applied" is true.',
    apply_id: applyIdentity,
    step: 'The step, as the plan calls it',
    stage: 'prepare, define, build or populate',
    action: 'create, alter, replace, drop or populate',
    address,
    title: 'The object as a plan names it',
    outcome: outcomes,
    reason: 'Why it is not applied',
    ended_at: 'When it ended',
  },
  object: {
    table: 'An object a row: which manifest owns it, and what was declared of it when it was last applied.',
    manifest: 'The name of the manifest that owns it',
    address,
    object_oid: 'The OID of the object when it was last applied',
    made: 'Made by fdwsync, rather than found and adopted',
    declared: 'The declaration as last applied, without its secrets',
    digest: 'A digest of its row in the catalog when it was last applied',
    closure:
      'A digest of all that its meaning depended on when it was last proven to be as declared; what it still holds for is not tried out again',
    source:
      'Of what was imported or mirrored: what was asked of its source, and what that said, before anything that the manifest says of it; null of all else',
    server_major: 'The major version of the server that applied it',
    apply_id: 'The apply that wrote this row last',
    recorded_at: 'When that was',
  },
  proof: {
    table:
      'A manifest a row: that nothing was left to do for it, and how the catalog looked then. While both are as they were a plan need not look further.',
    manifest: 'The name of the manifest',
    manifest_digest: 'The SHA-256 of its text',
    tool_version: 'The release of fdwsync that found nothing to do',
    server_major: 'The major version of the server',
    head: 'What of it is compared each time, as it is written: its servers, user mappings, schemas and extensions',
    object_count: 'How many objects it declares',
    catalog_state: 'A digest of the catalog rows of all its other objects, and of all that their meaning depends on',
    source_state: 'A digest of what the sources have said of what is imported from them; null if nothing is',
    proven_at: 'When that was',
  },
  refresh: {
    table: 'A refreshed materialized view a row: by apply, which fills it, or by refresh.',
    id: 'Unique',
    manifest: 'The name of the manifest',
    address,
    how: 'concurrently (readers could read meanwhile), or plain',
    refreshed_by: 'The database role that refreshed it',
    started_at: 'When it began',
    ended_at: 'When it ended',
    row_count: 'How many rows it got; null if that is not known, as of a concurrent refresh',
    outcome: 'applied, failed or in doubt',
    reason: 'Why it is not applied',
    apply_id: 'The apply that it was a part of; null of the command refresh',
  },
}

function commentStatements(): readonly Sql[] {
  const tables = Object.entries(ledgerComments).flatMap(([table, { table: text, ...columns }]) => [
    sql`COMMENT ON TABLE ${qualified('fdwsync', table)} IS ${literal(text)}`,
    ...Object.entries(columns).map(
      ([column, comment]) =>
        sql`COMMENT ON COLUMN ${qualified('fdwsync', table)}.${ident(column)} IS ${literal(comment)}`,
    ),
  ])
  const schema =
    'What the manifests of fdwsync own in this database. Anybody may be granted to read it; fdwsync writes it.'
  return [sql`COMMENT ON SCHEMA fdwsync IS ${literal(schema)}`, ...tables]
}
