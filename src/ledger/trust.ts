import { FdwsyncError, type Problem } from '../core/errors.ts'
import { ident, join, literal, qualified, type Sql, sql, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { readingPath } from '../introspector/transaction-settings.ts'
import { ledgerTables, ledgerVersion } from './schema.ts'

/** What there is of a ledger. What is not `unreadable` is trusted, as far as it exists. */
export type FoundLedger =
  | { readonly state: 'none' }
  /** The schema, made beforehand for a role that several share. */
  | { readonly state: 'empty'; readonly owner: string }
  | { readonly state: 'unreadable'; readonly problem: Required<Pick<Problem, 'code' | 'message' | 'hint'>> }
  | { readonly state: 'there'; readonly owner: string; readonly version: number }

interface Facts {
  readonly owner: string
  readonly tables: readonly string[]
  /** What else is in the schema. */
  readonly others: boolean
  readonly usage: boolean
  /** Tables that this role may not read. */
  readonly unreadable: readonly string[]
}

const names: Sql = join(ledgerTables.map(literal), ', ')

/** FROM and WHERE for what of a catalog stands in a schema: by an index, which the catalogs themselves have not for that. */
const inSchema = (catalog: 'pg_class' | 'pg_proc', schema: 'n.oid' | 'ns.oid'): Sql =>
  trusted(`pg_catalog.pg_depend d JOIN pg_catalog.${catalog} member ON member.oid = d.objid
     WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.refobjid = ${schema}
       AND d.classid = 'pg_catalog.${catalog}'::pg_catalog.regclass`)

const factsQuery: Sql = sql`
  SELECT pg_catalog.pg_get_userbyid(n.nspowner) AS owner,
         coalesce(pg_catalog.array_agg(c.relname::text) FILTER (WHERE c.oid IS NOT NULL), '{}') AS tables,
         EXISTS (SELECT FROM ${inSchema('pg_class', 'n.oid')} AND member.relname NOT IN (${names})) AS others,
         pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS usage,
         coalesce(pg_catalog.array_agg(c.relname::text)
           FILTER (WHERE NOT pg_catalog.has_table_privilege(c.oid, 'SELECT')), '{}') AS unreadable
    FROM pg_catalog.pg_namespace n
    LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname IN (${names})
   WHERE n.nspname = 'fdwsync' GROUP BY n.oid, n.nspowner`

/**
 * One row a reason why the ledger must not be used. Whoever may make a schema could prepare one with a trigger, a rule,
 * a view or a default that runs as whoever applies. So nothing in it is read or written before this: its owner must be
 * this role, a superuser, or a role that this one was made a member of by somebody else (what a superuser is a member of
 * does not count), and
 * the tables must be plain tables of just the shape that fdwsync gives them.
 */
const distrustQuery: Sql = sql`
  WITH RECURSIVE trusted(oid) AS (
    SELECT oid FROM pg_catalog.pg_roles WHERE rolsuper OR rolname = current_user
    UNION
    SELECT m.roleid FROM trusted t JOIN pg_catalog.pg_auth_members m ON m.member = t.oid
     WHERE t.oid NOT IN (SELECT oid FROM pg_catalog.pg_roles WHERE rolsuper)
       -- Before 16 a role could make anybody a member of itself.
       AND m.grantor <> m.roleid
  ), ns AS (
    SELECT oid, nspowner FROM pg_catalog.pg_namespace WHERE nspname = 'fdwsync'
  ), ours AS (
    SELECT c.* FROM ns JOIN pg_catalog.pg_class c ON c.relnamespace = ns.oid AND c.relname IN (${names})
  ), rel AS (
    SELECT oid, relname, relowner FROM ours
    UNION
    SELECT member.* FROM ns CROSS JOIN LATERAL (SELECT member.oid, relname, relowner FROM ${inSchema('pg_class', 'ns.oid')}) AS member
  )
  SELECT 'the schema belongs to ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(nspowner)) AS reason
    FROM ns WHERE nspowner NOT IN (SELECT oid FROM trusted)
  UNION ALL
  SELECT pg_catalog.quote_ident(relname) || ' belongs to ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(relowner))
    FROM rel WHERE relowner NOT IN (SELECT oid FROM trusted)
  UNION ALL
  SELECT 'function ' || pg_catalog.quote_ident(proname) || ' belongs to ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(proowner))
    FROM ns CROSS JOIN LATERAL (SELECT proname, proowner FROM ${inSchema('pg_proc', 'ns.oid')}) AS member
   WHERE proowner NOT IN (SELECT oid FROM trusted)
  UNION ALL
  SELECT pg_catalog.quote_ident(relname) || ' is not a plain table'
    FROM ours WHERE relkind <> 'r' OR relrowsecurity OR relispartition OR relhassubclass
  UNION ALL
  SELECT pg_catalog.quote_ident(relname) || ' has the trigger ' || pg_catalog.quote_ident(tgname)
    FROM ours JOIN pg_catalog.pg_trigger ON tgrelid = ours.oid
  UNION ALL
  SELECT pg_catalog.quote_ident(relname) || ' has the rule ' || pg_catalog.quote_ident(rulename)
    FROM ours JOIN pg_catalog.pg_rewrite ON ev_class = ours.oid
  UNION ALL
  SELECT pg_catalog.quote_ident(relname) || ' has a default or generated column'
    FROM ours JOIN pg_catalog.pg_attrdef ON adrelid = ours.oid
  UNION ALL
  SELECT pg_catalog.quote_ident(relname) || ' has the constraint ' || pg_catalog.quote_ident(conname)
    FROM ours JOIN pg_catalog.pg_constraint ON conrelid = ours.oid WHERE contype NOT IN ('p', 'n')
  UNION ALL
  SELECT pg_catalog.quote_ident(relname) || ' has an index on an expression'
    FROM ours JOIN pg_catalog.pg_index ON indrelid = ours.oid WHERE indexprs IS NOT NULL OR indpred IS NOT NULL
  UNION ALL
  SELECT pg_catalog.quote_ident(relname) || '.' || pg_catalog.quote_ident(attname) || ' has a type that fdwsync did not give it'
    FROM ours JOIN pg_catalog.pg_attribute ON attrelid = ours.oid AND attnum > 0 AND NOT attisdropped
    JOIN pg_catalog.pg_type t ON t.oid = atttypid WHERE t.typnamespace <> 'pg_catalog'::pg_catalog.regnamespace`

/**
 * Finds out what ledger there is, without touching what must not be trusted. Nothing of it may be read or written before.
 * Within the session's transaction, which reads under `readingPath` from then on.
 * @throws FdwsyncError if somebody else prepared it, or a newer release wrote it.
 */
export async function findLedger(session: Session): Promise<FoundLedger> {
  // Not under a path that others may have a say in: their operators would hide the built-in ones.
  await session.run(readingPath)
  const [facts] = await session.query<Facts>(factsQuery)
  if (!facts) return { state: 'none' }
  const distrust = await distrustOf(session)
  const problem = unreadable(session, facts, distrust)
  // Nothing of it can be read, so nothing of it can run: whose it is does not matter yet.
  if (problem) return { state: 'unreadable', problem }
  if (distrust.length > 0) throw untrustedLedgerError(distrust)
  if (facts.tables.length === 0) return emptySchema(facts)
  return { state: 'there', owner: facts.owner, version: await versionOf(session) }
}

/**
 * Locks tables of the ledger, so that nobody can add a trigger or rule to them meanwhile, and makes sure once more that
 * they are what fdwsync made.
 */
export async function lockLedger(
  session: Session,
  mode: 'ROW EXCLUSIVE' | 'ACCESS EXCLUSIVE',
  tables: readonly string[] = ledgerTables,
): Promise<void> {
  const all = join(
    tables.map((table) => qualified('fdwsync', table)),
    ', ',
  )
  await session.run(sql`LOCK TABLE ${all} IN ${trusted(mode)} MODE`)
  const distrust = await distrustOf(session)
  if (distrust.length > 0) throw untrustedLedgerError(distrust)
}

async function distrustOf(session: Session): Promise<readonly string[]> {
  return (await session.query<{ reason: string }>(distrustQuery)).map(({ reason }) => reason)
}

function emptySchema({ owner, others }: Facts): FoundLedger {
  if (!others) return { state: 'empty', owner }
  throw new FdwsyncError({
    code: 'ledger/untrusted',
    message: 'the schema "fdwsync" exists, but not the ledger that fdwsync keeps in it',
    hint: 'Drop the schema, or rename it: fdwsync makes it anew when it applies.',
  })
}

function untrustedLedgerError(reasons: readonly string[]): FdwsyncError {
  return new FdwsyncError({
    code: 'ledger/untrusted',
    message: `the ledger in schema "fdwsync" is not to be trusted: ${reasons.join('; ')}`,
    hint: 'It could run code of theirs as this role. Find out who made it; then drop the schema, or run fdwsync as its owner or as a member of it.',
  })
}

function unreadable(
  { user, serverVersion }: Session,
  { owner, usage, unreadable }: Facts,
  distrust: readonly string[],
): Required<Pick<Problem, 'code' | 'message' | 'hint'>> | undefined {
  if (usage && unreadable.length === 0) return undefined
  const role = ident(user)
  const what = usage
    ? `no SELECT on ${unreadable.map((table) => qualified('fdwsync', table)).join(', ')}`
    : 'no USAGE on schema fdwsync'
  const read = `GRANT USAGE ON SCHEMA fdwsync TO ${role}; GRANT SELECT ON ALL TABLES IN SCHEMA fdwsync TO ${role};`
  // A member that neither inherits nor becomes its owner only says that it trusts it.
  const trust =
    serverVersion >= 160_000
      ? `GRANT ${ident(owner)} TO ${role} WITH INHERIT FALSE, SET FALSE; ${read}`
      : `GRANT ${ident(owner)} TO ${role};`
  return {
    code: 'ledger/unreadable',
    message: `${role} has ${what}`,
    hint: `Grant it: ${distrust.length > 0 ? trust : read}`,
  }
}

async function versionOf(session: Session): Promise<number> {
  const [row] = await session.query<{ version: number }>(trusted('SELECT version FROM fdwsync.version'))
  const version = row?.version ?? 0
  if (version >= 1 && version <= ledgerVersion) return version
  throw new FdwsyncError({
    code: 'ledger/newer-version',
    message: `the ledger in schema "fdwsync" is of version ${row?.version ?? 'unknown'}, and this fdwsync knows version ${ledgerVersion}`,
    hint: 'Use the release of fdwsync that wrote it, or a newer one.',
  })
}
