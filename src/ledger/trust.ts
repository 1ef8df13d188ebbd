// Decides whether the ledger can be used: whether it exists, this role can read it, this release knows its version, and no
// other role has prepared it to run code with the rights of this one.

import { FdwsyncError, type Problem } from '../core/errors.ts'
import { grantInheritedMembership } from '../core/membership.ts'
import { ident, join, literal, qualified, type Sql, sql, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { readingPath } from '../introspector/transaction-settings.ts'
import { isRefreshFunction, refreshFunctions } from './refresh-function/refresh-function.ts'
import { ledgerTables, ledgerVersion } from './schema.ts'

/** What exists of a ledger. In every state but `unreadable` it is trusted. */
export type FoundLedger =
  | { readonly state: 'none' }
  /** Only the schema, which an administrator has created for a role that several roles share. */
  | { readonly state: 'empty'; readonly owner: string }
  | { readonly state: 'unreadable'; readonly problem: Required<Pick<Problem, 'code' | 'message' | 'hint'>> }
  | { readonly state: 'ready'; readonly owner: string; readonly version: number }

interface Facts {
  readonly owner: string
  readonly tables: readonly string[]
  readonly usage: boolean
  /** Whether this role is a member of the owner. It need not inherit from it. */
  readonly isMember: boolean
  /** Tables that this role may not read. */
  readonly unreadable: readonly string[]
  readonly isPlain: boolean
}

const names: Sql = join(ledgerTables.map(literal), ', ')

/**
 * FROM and WHERE for the members of a schema. They are found in pg_depend, since the catalogs have no index on the schema alone.
 */
const inSchema = (catalog: 'pg_class' | 'pg_proc', schema: 'n.oid' | 'ns.oid'): Sql =>
  trusted(`pg_catalog.pg_depend d JOIN pg_catalog.${catalog} member ON member.oid = d.objid
     WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.refobjid = ${schema}
       AND d.classid = 'pg_catalog.${catalog}'::pg_catalog.regclass`)

/**
 * Whether the schema `n` contains nothing but tables `c` and a function as fdwsync creates them, and all belong to one role that is
 * trusted as such. If so, `reasonsQuery`, which takes several times as long, would return nothing. This looks only at the flags in
 * which PostgreSQL itself notes triggers, rules, defaults and checks. Some flags stay set when the last trigger is gone, so false
 * proves nothing.
 */
const isPlain = (owner: Sql): Sql => sql`
  (SELECT rolsuper OR rolname IN (current_user, ${owner}::pg_catalog.name) FROM pg_catalog.pg_roles WHERE oid = n.nspowner)
  AND pg_catalog.count(c.oid)
        + (SELECT pg_catalog.count(*) FROM ${refreshFunctions('n.oid')} AND p.proowner = n.nspowner AND ${isRefreshFunction})
      = (SELECT pg_catalog.count(*) FROM pg_catalog.pg_depend d
        WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.refobjid = n.oid)
  AND pg_catalog.bool_and(c.relowner = n.nspowner AND c.relkind = 'r' AND c.relchecks = 0
    AND NOT (c.relrowsecurity OR c.relispartition OR c.relhassubclass OR c.relhastriggers OR c.relhasrules)
    -- EXISTS would be planned twice.
    AND (SELECT true FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            AND (a.atthasdef OR a.atttypid >= 10000) LIMIT 1) IS NULL -- below that all types are in pg_catalog
    AND (SELECT true FROM pg_catalog.pg_index i
          WHERE i.indrelid = c.oid AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL) LIMIT 1) IS NULL)`

const fromLedger: Sql = sql`
    FROM pg_catalog.pg_namespace n
    LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname IN (${names})
   WHERE n.nspname = 'fdwsync' GROUP BY n.oid, n.nspowner`

const factsQuery = (owner: Sql): Sql => sql`
  SELECT pg_catalog.pg_get_userbyid(n.nspowner) AS owner,
         coalesce(pg_catalog.array_agg(c.relname::text) FILTER (WHERE c.oid IS NOT NULL), '{}') AS tables,
         pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS usage,
         pg_catalog.pg_has_role(n.nspowner, 'MEMBER') AS "isMember",
         coalesce(pg_catalog.array_agg(c.relname::text)
           FILTER (WHERE NOT pg_catalog.has_table_privilege(c.oid, 'SELECT')), '{}') AS unreadable,
         ${isPlain(owner)} AS "isPlain"
         ${fromLedger}`

const otherRelationsQuery: Sql = sql`
  SELECT FROM pg_catalog.pg_namespace n CROSS JOIN LATERAL (SELECT FROM ${inSchema('pg_class', 'n.oid')}) AS member
   WHERE n.nspname = 'fdwsync' LIMIT 1`

const otherFunction = 'function refresh is not as fdwsync has created it'

/**
 * Returns one row per reason not to trust the ledger. Any role that may create a schema could prepare one, with a
 * trigger, a rule, a view or a default that runs with the rights of the role that applies. So this runs before anything
 * in the schema is read or written. It requires two things:
 * - The owner is this role, a superuser, the role `$1`, or a role in which another role has granted one of these membership.
 *   Memberships of superusers do not count.
 * - The tables are plain tables, and the function refresh() a function, with exactly the properties that fdwsync gives them.
 */
const reasonsQuery: Sql = sql`
  WITH RECURSIVE trusted(oid) AS (
    SELECT oid FROM pg_catalog.pg_roles WHERE rolsuper OR rolname IN (current_user, $1::pg_catalog.name)
    UNION
    SELECT m.roleid FROM trusted t JOIN pg_catalog.pg_auth_members m ON m.member = t.oid
     WHERE t.oid NOT IN (SELECT oid FROM pg_catalog.pg_roles WHERE rolsuper)
       -- Before PostgreSQL 16 a role could grant membership in itself to any role.
       AND m.grantor <> m.roleid
  ), ns AS (
    SELECT oid, nspowner FROM pg_catalog.pg_namespace WHERE nspname = 'fdwsync'
  ), ledger_table AS (
    SELECT c.* FROM ns JOIN pg_catalog.pg_class c ON c.relnamespace = ns.oid AND c.relname IN (${names})
  ), rel AS (
    SELECT oid, relname, relowner FROM ledger_table
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
  SELECT ${literal(otherFunction)}
    FROM ns CROSS JOIN LATERAL (SELECT p.* FROM ${refreshFunctions('ns.oid')}) AS p WHERE ${isRefreshFunction} IS NOT TRUE
  UNION ALL
  SELECT pg_catalog.quote_ident(relname) || ' is not a plain table'
    FROM ledger_table WHERE relkind <> 'r' OR relrowsecurity OR relispartition OR relhassubclass
  UNION ALL
  SELECT pg_catalog.quote_ident(relname) || ' has the trigger ' || pg_catalog.quote_ident(tgname)
    FROM ledger_table JOIN pg_catalog.pg_trigger ON tgrelid = ledger_table.oid
  UNION ALL
  SELECT pg_catalog.quote_ident(relname) || ' has the rule ' || pg_catalog.quote_ident(rulename)
    FROM ledger_table JOIN pg_catalog.pg_rewrite ON ev_class = ledger_table.oid
  UNION ALL
  SELECT pg_catalog.quote_ident(relname) || ' has a default or generated column'
    FROM ledger_table JOIN pg_catalog.pg_attrdef ON adrelid = ledger_table.oid
  UNION ALL
  SELECT pg_catalog.quote_ident(relname) || ' has the constraint ' || pg_catalog.quote_ident(conname)
    FROM ledger_table JOIN pg_catalog.pg_constraint ON conrelid = ledger_table.oid WHERE contype NOT IN ('p', 'n')
  UNION ALL
  SELECT pg_catalog.quote_ident(relname) || ' has an index on an expression'
    FROM ledger_table JOIN pg_catalog.pg_index ON indrelid = ledger_table.oid WHERE indexprs IS NOT NULL OR indpred IS NOT NULL
  UNION ALL
  SELECT pg_catalog.quote_ident(relname) || '.' || pg_catalog.quote_ident(attname) || ' has a type that fdwsync did not give it'
    FROM ledger_table JOIN pg_catalog.pg_attribute ON attrelid = ledger_table.oid AND attnum > 0 AND NOT attisdropped
    JOIN pg_catalog.pg_type t ON t.oid = atttypid WHERE t.typnamespace <> 'pg_catalog'::pg_catalog.regnamespace`

/**
 * Finds the ledger without touching what cannot be trusted. Call it before reading or writing any of its tables, within
 * the session's transaction, which it leaves under `readingPath`.
 * @throws FdwsyncError if the ledger is not trusted, or a newer release wrote it.
 */
export async function findLedger(session: Session): Promise<FoundLedger> {
  // Under another search path, operators that a user has created could hide the built-in ones.
  const [facts] = await session.query<Facts>(sql`${readingPath}; ${factsQuery(ledgerOwner(session))}`)
  if (!facts) return { state: 'none' }
  const reasons = facts.isPlain ? [] : await reasonsNotToTrust(session)
  const problem = whyUnreadable(session, facts, reasons)
  // A ledger that cannot be read cannot run code either, so its owner does not matter yet.
  if (problem) return { state: 'unreadable', problem }
  if (reasons.length > 0) {
    // A newer release has another function. If there is no other reason, the tables can be read.
    if (reasons.every((reason) => reason === otherFunction)) await versionOf(session)
    throw untrustedLedgerError(reasons)
  }
  if (facts.tables.length === 0) return emptySchema(session, facts)
  return { state: 'ready', owner: facts.owner, version: await versionOf(session) }
}

/** Locks tables of the ledger, so that no one can add a trigger or a rule to them, and checks again that they are trusted. */
export async function lockLedger(
  session: Session,
  mode: 'ROW EXCLUSIVE' | 'ACCESS EXCLUSIVE',
  tables: readonly string[] = ledgerTables,
): Promise<void> {
  await requireTrusted(session, sql`${lockStatement(mode, tables)}; `)
}

/**
 * Checks once more whether the ledger is trusted. Locked tables stay as they are, also if another session of this process holds the
 * locks.
 */
export function requireTrustedLedger(session: Session): Promise<void> {
  return requireTrusted(session, sql``)
}

export function lockStatement(mode: 'ROW EXCLUSIVE' | 'ACCESS EXCLUSIVE', tables: readonly string[]): Sql {
  const qualifiedNames = tables.map((table) => qualified('fdwsync', table))
  return sql`LOCK TABLE ${join(qualifiedNames, ', ')} IN ${trusted(mode)} MODE`
}

async function requireTrusted(session: Session, before: Sql): Promise<void> {
  const [ledger] = await session.query<Pick<Facts, 'isPlain'>>(
    sql`${before}SELECT ${isPlain(ledgerOwner(session))} AS "isPlain" ${fromLedger}`,
  )
  const reasons = ledger?.isPlain ? [] : await reasonsNotToTrust(session)
  if (reasons.length > 0) throw untrustedLedgerError(reasons)
}

function ledgerOwner({ ledgerOwner }: Session): Sql {
  return ledgerOwner === undefined ? trusted('NULL') : literal(ledgerOwner)
}

async function reasonsNotToTrust(session: Session): Promise<readonly string[]> {
  const rows = await session.query<{ reason: string }>(reasonsQuery, [session.ledgerOwner ?? null])
  return rows.map(({ reason }) => reason)
}

async function emptySchema(session: Session, { owner }: Facts): Promise<FoundLedger> {
  const others = await session.query(otherRelationsQuery)
  if (others.length === 0) return { state: 'empty', owner }
  throw new FdwsyncError({
    code: 'ledger/untrusted',
    message: 'the schema "fdwsync" exists, but contains other relations instead of the ledger',
    hint: 'Rename that schema. The next apply creates one with the ledger.',
  })
}

function untrustedLedgerError(reasons: readonly string[]): FdwsyncError {
  return new FdwsyncError({
    code: 'ledger/untrusted',
    message: `the ledger in schema "fdwsync" is not trusted: ${reasons.join('; ')}`,
    hint: 'Its owner decides what fdwsync believes it owns. Find out who created the schema. If you trust that role, run fdwsync as a member of it, or name it by --ledger-owner to only plan, monitor or refresh. Otherwise give the schema another name.',
  })
}

function whyUnreadable(
  { user, serverVersion }: Session,
  { owner, usage, isMember, unreadable }: Facts,
  reasons: readonly string[],
): Required<Pick<Problem, 'code' | 'message' | 'hint'>> | undefined {
  if (usage && unreadable.length === 0) return undefined
  const role = ident(user)
  const missing = usage
    ? `no SELECT on ${unreadable.map((table) => qualified('fdwsync', table)).join(', ')}`
    : 'no USAGE on schema fdwsync'
  const read = `GRANT USAGE ON SCHEMA fdwsync TO ${role}; GRANT SELECT ON ALL TABLES IN SCHEMA fdwsync TO ${role};`
  const grant = grantInheritedMembership(owner, user, serverVersion)
  const trust = ` To trust its owner: --ledger-owner ${ident(owner)}. A role that applies must be a member of it instead: ${grant}`
  const hint = `Grant it: ${read}${reasons.length > 0 ? trust : ''}`
  return {
    code: 'ledger/unreadable',
    message: `${role} has ${missing}`,
    hint:
      isMember && owner !== user
        ? `It is a member of the owner of the ledger, but does not inherit from it: ${grant}`
        : hint,
  }
}

async function versionOf(session: Session): Promise<number> {
  const [row] = await session.query<{ version: number }>(trusted('SELECT version FROM fdwsync.version'))
  const version = row?.version ?? 0
  if (version >= 1 && version <= ledgerVersion) return version
  throw new FdwsyncError({
    code: 'ledger/newer-version',
    message: `the ledger in schema "fdwsync" has version ${row?.version ?? 'unknown'}, but this release of fdwsync supports versions up to ${ledgerVersion}`,
    hint: 'Use the release of fdwsync that wrote it, or a newer one.',
  })
}
