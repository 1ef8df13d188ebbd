// The comments on the ledger's tables and columns, which document them.

import { ident, literal, qualified, type Sql, sql } from '../core/sql.ts'
import { commentOnRefreshFunction } from './refresh-function/refresh-function.ts'

const applyIdentity = 'The id of the apply, as in its report'
const address =
  'The object, as JSON: its kind and the parts of its name. Examples: ["materializedView","schema","name"], and ["userMapping","server",null] for PUBLIC'

/** The comments on the tables and their columns, which `\d+` shows. README.md repeats them. */
const ledgerComments: Readonly<Record<string, { readonly table: string } & Readonly<Record<string, string>>>> = {
  version: {
    table: 'The version of these tables, in a single row.',
    version: 'Only releases of fdwsync that know this version write to these tables',
  },
  apply: {
    table: 'One row per apply: who applied which manifest, when and from where, and the outcome.',
    id: 'The id of the apply, as in its report',
    manifest: 'The name of the manifest',
    applied_by: 'The database role that ran the apply',
    tool_version: 'The release of fdwsync',
    started_at: 'When the transaction of its definitions began',
    ended_at: 'When the apply ended; null while it runs, or if it was killed',
    outcome:
      'in progress, applied, applied in part, failed or in doubt (unknown whether it was committed); null for an apply from before version 2 of these tables',
    manifest_digest:
      'The SHA-256 of the manifest file, as sha256sum prints it; null if the file contains a password in clear text',
    summary:
      'What was planned: the number of objects per action, and one entry per change; names only, never values or secrets',
    applied_from: 'The address of the client; socket if it connected through a Unix-domain socket',
    client_user: 'The operating system user who ran fdwsync, as reported by the client',
    client_host: 'The name of the machine on which fdwsync ran, as reported by the client',
    git_commit: 'The Git commit, if a CI pipeline provides it',
    repository: 'The URL of the repository, if a CI pipeline provides it',
    database_name: 'The database in which the apply ran; differs from the current one if this database is a copy',
    database_oid: 'The OID of that database',
    system_identifier: 'The identifier of that cluster, from pg_control_system(); null if the role may not call it',
    not_imported:
      'The tables and types of sources that could not be imported when the manifest was last applied; null if no source was asked',
    lease_pid: 'The server process that held the lease of the manifest; it is in pg_locks while the apply runs',
  },
  step: {
    table: 'One row per step of an apply. It commits together with the step, so a row with outcome applied is proof.',
    apply_id: applyIdentity,
    step: 'The id of the step in the plan',
    stage: 'prepare, define, build or populate',
    action: 'create, alter, replace, drop or populate',
    address,
    title: 'The object, as the plan prints it',
    outcome: 'applied, failed, skipped or in doubt (unknown whether it was committed)',
    reason: 'Why the step was not applied',
    ended_at: 'When the step ended',
  },
  object: {
    table: 'One row per managed object: the manifest that owns it, and its declaration as last applied.',
    manifest: 'The name of the manifest that owns the object',
    address,
    object_oid: 'The OID of the object when it was last applied',
    created_by_fdwsync: 'True if fdwsync created the object; false if it existed and was adopted',
    declared: 'The declaration as last applied, without its secrets',
    canonical:
      'The object as the catalog showed it when it last matched its declaration; plans compare with it to distinguish drift from a change of the manifest',
    search_path: 'The search_path of the manifest, under which the SQL of the declaration was parsed',
    digest: 'A digest of the catalog rows of the object when it was last applied',
    closure:
      'A digest of everything that the meaning of its SQL depended on when the object last matched its declaration; while it is unchanged, plans need not probe the object',
    source:
      'For an imported or mirrored object: the request to its source and the response, before any changes by the manifest; null for other objects',
    outdated_by:
      'For a copy whose data has to be loaded again: what was altered, or the columns of the copy that are empty yet; null once that was done',
    server_major: 'The major version of the server that applied the object',
    apply_id: 'The apply that last wrote this row',
    recorded_at: 'When this row was last written by an apply',
  },
  proof: {
    table:
      'One row per manifest for which a plan found nothing to do. While the manifest, the catalog and the sources are unchanged, the next plan can stop there.',
    manifest: 'The name of the manifest',
    manifest_digest: 'The SHA-256 of the manifest file',
    tool_version: 'The release of fdwsync that found nothing to do',
    server_major: 'The major version of the server',
    head: 'The part of the manifest that every plan compares anyway, as written: servers, user mappings, schemas and extensions',
    object_count: 'The number of objects that the manifest declares',
    catalog_state: 'A digest of the catalog rows of all other objects, and of everything that their meaning depends on',
    names: 'All names in the SQL of those objects; catalog_state covers whatever they could refer to',
    warnings: 'The warnings of that plan, which later plans repeat',
    source_state: 'A digest of what the sources returned for all imports; null if the manifest imports nothing',
    declarations:
      'All objects that the manifest declares, each with a digest of its declaration if catalog_state covers it: a plan of another text reads only what has changed',
    proven_at: 'When the plan found nothing to do',
  },
  policy: {
    table:
      'One row per copy with a refresh policy. The manifest that declares it is in fdwsync.object, under the same address.',
    address: 'The policy, as JSON: ["refreshPolicy","schema","name"], with the name of the copy',
    strategy: 'How the copy is refreshed: auto, plain, concurrently, swap, merge, compare or watermark',
    max_age: 'The copy is stale if its last refresh began longer ago than that; null: it is never stale',
    schedule: 'When pg_cron refreshes the copy; null: never',
    timeout: 'A single refresh is cancelled after that time; null: never',
    skip_if_same:
      'A query. A refresh is skipped if it returns what it returned at the last one; null: no refresh is skipped',
    group_name: 'Copies with the same group are refreshed in one transaction; null: the copy is refreshed by itself',
    watermark:
      'The column that shows which rows of a table have changed, how far below its highest value a refresh reads again, and how often keys and everything are compared; null: none',
  },
  refresh: {
    table: 'One row per load or refresh of a copy, and per refresh that was skipped because nothing had changed.',
    id: 'A unique id',
    manifest: 'The name of the manifest',
    address,
    origin:
      'What refreshed it: apply, refresh, function (fdwsync.refresh) or cron; null before version 13 of these tables',
    asked:
      'The strategy that was asked for, by the policy or for this run; null for the first load and before version 13',
    how: 'The strategy that was used: plain, concurrently, swap, merge, compare or watermark; readers wait only for a plain one',
    because: 'Why that strategy was used; null if unknown',
    refreshed_by: 'The database role that refreshed the copy',
    started_at: 'When the refresh began; the age of a copy counts from here',
    ended_at: 'When the refresh ended',
    row_count: 'The number of rows loaded; null if unknown, as after a concurrent refresh',
    inserted: 'The number of rows inserted; null if unknown',
    updated: 'The number of rows updated; null if unknown',
    deleted: 'The number of rows deleted; null if unknown',
    bytes: 'The size of the data of the copy afterwards, without indexes; null if unknown',
    answer:
      'A digest of the query skip_if_same of the policy and of what it returned, and the state of the copy afterwards; null if it was not asked',
    state: 'What the next refresh of the table depends on: what was compared with the source, and how much had changed',
    outcome: 'applied, skipped (nothing had changed), failed or in doubt (unknown whether it was committed)',
    reason: 'Why the refresh was skipped, or not applied',
    apply_id: 'The apply that loaded the copy; null for other refreshes',
    is_former: 'True if it was of a former copy of that name, or of before the copy was released; otherwise null',
  },
}

/** The statements that set them all. */
export function commentStatements(): readonly Sql[] {
  const tables = Object.entries(ledgerComments).flatMap(([table, { table: text, ...columns }]) => [
    sql`COMMENT ON TABLE ${qualified('fdwsync', table)} IS ${literal(text)}`,
    ...Object.entries(columns).map(
      ([column, comment]) =>
        sql`COMMENT ON COLUMN ${qualified('fdwsync', table)}.${ident(column)} IS ${literal(comment)}`,
    ),
  ])
  const schema =
    'The ledger of fdwsync: the objects that its manifests own in this database. Any role may be granted SELECT; only fdwsync writes.'
  return [sql`COMMENT ON SCHEMA fdwsync IS ${literal(schema)}`, commentOnRefreshFunction, ...tables]
}
