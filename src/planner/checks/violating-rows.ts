// Refuses constraints that existing rows violate: rows of a table, and of tables that inherit from it or from a foreign table.
// PostgreSQL never checks the rows of a foreign table itself.

import type { Change } from '../../core/change.ts'
import { inverse } from '../../core/data.ts'
import { keyOf } from '../../core/object.ts'
import type { Refusal } from '../../core/plan.ts'
import { ident, literal, type Sql, sql, trusted } from '../../core/sql.ts'
import { isDatabaseError } from '../../db/database-error.ts'
import type { Session } from '../../db/session.ts'
import { newSuffix } from '../../db/suffix.ts'
import { rolledBack } from '../../db/transaction.ts'
import { keptColumns, namesInDatabase } from '../../differ/lost-attachments.ts'
import { beginTrial } from '../../introspector/transaction-settings.ts'
import type { ForeignTableSpec } from '../../kinds/foreign-table/spec.ts'
import { kindOf, titleOf } from '../../kinds/registry.ts'
import { asKind } from '../../kinds/specs.ts'
import type { TableSpec } from '../../kinds/table/spec.ts'

type Alteration = Extract<Change, { op: 'alter' }>

/** What an alteration requires of existing rows. Columns have their names in the database. */
interface Constraints {
  readonly oid: number
  readonly notNull: readonly string[]
  /** New columns that are NOT NULL and have no default. */
  readonly added: readonly string[]
  readonly checks: readonly { readonly name: string; readonly expression: string }[]
  readonly key: readonly string[]
  /** The columns whose type stays, with their names after the plan, which the checks use. */
  readonly columns: readonly { readonly now: string; readonly name: string }[]
}

interface Violation {
  /** Of the alteration. */
  readonly at: number
  readonly what: 'null' | 'added' | 'check' | 'key'
  /** Of the column or the check. */
  readonly name: string
  readonly table: string
  /** The statement that ends the inheritance; null for the altered table itself. */
  readonly detach: string | null
}

/** Longer searches are left to the apply: a plan should not read a large table for minutes. */
const longest = '10s'

export async function refuseViolatedConstraints(
  session: Session,
  changes: readonly Change[],
): Promise<readonly Refusal[]> {
  const constrained = changes.flatMap((change) => {
    if (change.op !== 'alter') return []
    const constraints = addedConstraints(change)
    return constraints ? [{ to: change.to, constraints }] : []
  })
  if (constrained.length === 0) return []
  const start = sql`${beginTrial(session)}; SET LOCAL statement_timeout = ${literal(longest)}`
  try {
    const [row] = await rolledBack(session, start, () =>
      session.query<{ found: readonly Violation[] }>(search(constrained.map(({ constraints }) => constraints))),
    )
    return (row?.found ?? []).flatMap((violation) => {
      const to = constrained[violation.at]?.to
      return to ? [{ code: 'server/rejected', key: keyOf(to.id), title: titleOf(to.id), ...explain(violation) }] : []
    })
  } catch (error) {
    // It takes too long, or the server is read-only or this role may not create anything, which the probe has reported.
    if (!isDatabaseError(error) || session.isLost()) throw error
    return []
  }
}

function explain({ what, name, table, detach }: Violation): Pick<Refusal, 'reason' | 'hint'> {
  const [subject, child] = detach === null ? ['it', ''] : [`table ${table}`, ', which inherits from it,']
  const hint =
    detach === null
      ? 'Change those rows first, or refresh the table once its source no longer returns them.'
      : `Change those rows first, or end the inheritance: ${detach}`
  switch (what) {
    case 'null':
      return { reason: `${subject}${child} has rows with NULL in column ${ident(name)}`, hint }
    case 'added':
      return { reason: `${subject}${child} has rows, which would have NULL in the new column ${ident(name)}`, hint }
    case 'check':
      return { reason: `${subject}${child} has rows that violate the check ${ident(name)}`, hint }
    case 'key':
      return { reason: 'it has rows with the same primary key', hint }
  }
}

function addedConstraints(change: Alteration): Constraints | undefined {
  const { from, to, fields } = change
  const [table, foreignTable] = [asKind(to, 'table')?.spec, asKind(to, 'foreignTable')?.spec]
  const own = table ? ofTable(table, fields) : foreignTable && ofForeignTable(foreignTable, fields)
  if (!own) return undefined
  const { key, notNull, added, checks } = own
  const required = fields.flatMap(
    ({ field, to: is }) => /^column (.+) not null$/s.exec(is === 'yes' ? field : '')?.[1] ?? [],
  )
  const columns = columnsThatStay(change)
  const nameNow = namesInDatabase(change)
  const inDatabase = (names: readonly string[]) => names.map((name) => nameNow.get(name) ?? name)
  const constraints = {
    oid: from.oid,
    notNull: inDatabase([...new Set([...required, ...notNull])]),
    added,
    checks,
    key: inDatabase(key),
    columns: columns.flatMap(({ isRetyped, ...column }) => (isRetyped ? [] : [column])),
  }
  const isAny = [constraints.notNull, added, checks, key].some(({ length }) => length > 0)
  return isAny ? constraints : undefined
}

type OfKind = Pick<Constraints, 'notNull' | 'added' | 'checks' | 'key'>

function ofTable({ primaryKey }: TableSpec, fields: Alteration['fields']): OfKind {
  const isNew = fields.some(({ field, effect }) => field === 'primary key' && effect.how === 'clause')
  const key = isNew ? (primaryKey?.columns ?? []) : []
  return { notNull: key, added: [], checks: [], key }
}

function ofForeignTable({ columns, checks }: ForeignTableSpec, fields: Alteration['fields']): OfKind {
  const altered = new Set(fields.flatMap(({ field, effect }) => (effect.how === 'clause' ? [field] : [])))
  const added = Object.entries(columns).flatMap(([name, column]) => {
    const isRequired = altered.has(`column ${name}`) && column.notNull && !column.notNullMark
    return isRequired && column.default === null && column.generated === null && !column.identity ? [name] : []
  })
  const violated = Object.entries(checks).flatMap(([name, { expression, noInherit, mark }]) =>
    altered.has(`check ${name}`) && !noInherit && !mark ? [{ name, expression }] : [],
  )
  return { notNull: added, added, checks: violated, key: [] }
}

function columnsThatStay({ from, to }: Alteration) {
  const columnsOf = (spec: unknown) => kindOf(to.id).columns?.(spec) ?? new Map<string, string>()
  const [before, after] = [columnsOf(from.spec), columnsOf(to.spec)]
  const nameNow = inverse<string, string>(from.renamedColumns ?? new Map())
  return Array.from(keptColumns({ from, to }) ?? [], ([was, name]) => ({
    now: nameNow.get(was) ?? was,
    name,
    isRetyped: before.get(was) !== after.get(name),
  }))
}

/** The queries for the violating rows of one table; `leaf` is the table, `altered` the changed one. */
const queries = `
        SELECT 'null' AS what, a.attname::pg_catalog.text AS name,
               pg_catalog.format('SELECT 1 AS one FROM ONLY %s WHERE %I IS NOT DISTINCT FROM NULL', leaf.name, a.attname) AS query
          FROM pg_catalog.unnest(altered."notNull") AS required JOIN pg_catalog.pg_attribute a ON a.attrelid = leaf.oid AND a.attname = required
         WHERE NOT a.attisdropped AND a.attgenerated <> 'v'
           AND (NOT a.attnotnull OR EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conrelid = leaf.oid AND NOT k.convalidated AND a.attnum = ANY (k.conkey)))
        UNION ALL
        SELECT 'added', new, pg_catalog.format('SELECT 1 AS one FROM ONLY %s', leaf.name)
          FROM pg_catalog.unnest(altered.added) AS new
         WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = leaf.oid AND attname = new AND NOT attisdropped)
        UNION ALL
        SELECT 'check', k.name, pg_catalog.format('SELECT 1 AS one FROM (SELECT %s FROM ONLY %s) AS r WHERE NOT (%s)',
                 (SELECT pg_catalog.string_agg(pg_catalog.format('%I AS %I', c.now, c.name), ', ')
                    FROM pg_catalog.jsonb_to_recordset(altered.columns) AS c(now text, name text)
                    JOIN pg_catalog.pg_attribute a ON a.attrelid = leaf.oid AND a.attname = c.now AND a.attgenerated <> 'v'), leaf.name, k.expression)
          FROM pg_catalog.jsonb_to_recordset(altered.checks) AS k(name text, expression text)
        UNION ALL
        SELECT 'key', '', pg_catalog.format('SELECT 1 AS one FROM ONLY %s GROUP BY %s HAVING pg_catalog.count(*) > 1', leaf.name,
                 (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(part), ', ') FROM pg_catalog.unnest(altered.key) AS part))
         WHERE leaf.detach IS NULL AND pg_catalog.cardinality(altered.key) > 0`

/** Whether the view of a query would run user-defined code, or might: through the operators of a type, for example. */
const runsCode = `EXISTS (
          SELECT FROM pg_catalog.pg_rewrite r
            JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid AND d.refobjid >= 16384
            LEFT JOIN pg_catalog.pg_attribute a ON d.refclassid = 'pg_catalog.pg_class'::regclass AND a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
            LEFT JOIN pg_catalog.pg_type t ON t.oid = CASE d.refclassid WHEN 'pg_catalog.pg_type'::regclass THEN d.refobjid ELSE a.atttypid END
           WHERE r.ev_class = view::regclass
             AND CASE WHEN t.oid IS NULL THEN d.refclassid <> 'pg_catalog.pg_class'::regclass ELSE t.oid >= 16384 AND t.typtype <> 'e' END)`

/**
 * Reads the rows through views, which show what a query would run. Rows that cannot be read are left out, and so are those that
 * take user-defined code to find, since a plan runs no such code.
 */
function search(constraints: readonly Constraints[]): Sql {
  const scratch = `fdwsync_probe_${newSuffix()}`
  const view = literal(`${ident(scratch)}."fdwsync rows"`)
  const input = JSON.stringify(constraints.map((each, at) => ({ ...each, at })))
  const body = sql`
DECLARE
  altered record;
  leaf record;
  rows record;
  view pg_catalog.text := ${view};
  is_found bool;
  found pg_catalog.jsonb := '[]';
BEGIN
  FOR altered IN
    SELECT * FROM pg_catalog.jsonb_to_recordset(${literal(input)})
      AS a("at" int, oid oid, "notNull" text[], added text[], checks jsonb, key text[], columns jsonb)
  LOOP
    FOR leaf IN
      WITH RECURSIVE tree(oid, parent) AS (
        SELECT altered.oid, NULL::oid UNION SELECT i.inhrelid, i.inhparent FROM tree JOIN pg_catalog.pg_inherits i ON i.inhparent = tree.oid
      )
      SELECT DISTINCT ON (c.oid) c.oid, c.oid::regclass::text AS name,
             CASE WHEN tree.parent IS NOT NULL THEN pg_catalog.format('ALTER TABLE %s NO INHERIT %s;', c.oid::regclass, tree.parent::regclass) END AS detach
        FROM tree JOIN pg_catalog.pg_class c ON c.oid = tree.oid WHERE c.relkind = 'r' AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
    LOOP
      IF pg_catalog.to_regnamespace(${literal(ident(scratch))}) IS NULL THEN CREATE SCHEMA ${ident(scratch)}; END IF;
      FOR rows IN ${trusted(queries)}
      LOOP
        BEGIN
          EXECUTE 'CREATE VIEW ' || view || ' AS ' || rows.query;
          is_found := false;
          IF rows.what IN ('null', 'added') OR NOT ${trusted(runsCode)} THEN
            EXECUTE 'SELECT EXISTS (SELECT FROM ' || view || ')' INTO is_found;
          END IF;
          EXECUTE 'DROP VIEW ' || view;
        EXCEPTION WHEN OTHERS THEN CONTINUE;
        END;
        IF is_found THEN
          found := found || pg_catalog.jsonb_build_object('at', altered."at", 'what', rows.what, 'name', rows.name, 'table', leaf.name, 'detach', leaf.detach);
        END IF;
      END LOOP;
    END LOOP;
  END LOOP;
  PERFORM pg_catalog.set_config('fdwsync.found', found::text, true);
END`
  return sql`SET LOCAL row_security = off; DO ${literal(body)}; SELECT pg_catalog.current_setting('fdwsync.found')::pg_catalog.jsonb AS found`
}
