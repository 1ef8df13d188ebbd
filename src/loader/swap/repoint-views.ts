// Repoints unmanaged views from the replaced relations to their successors. A view refers to a relation by OID, so
// without this it would go on reading the old one.

import { topologicalOrder } from '../../core/graph.ts'
import { qualified, type Sql, sql, trusted } from '../../core/sql.ts'
import type { Session } from '../../db/session.ts'
import { isNoSourceView, readsOfView } from '../../dependents/view-reads.ts'
import { requalify } from '../../parser/requalify.ts'
import type { FinalNames } from './final-names.ts'
import type { SwappedRelation } from './lock-order.ts'
import type { CodeTrust } from './replacement-set.ts'
import { requireTrustedLiterals } from './require-trusted-literals.ts'

// The relations that are replaced, and the plain views that read them directly. Readers of these views need no change, because a
// repointed view keeps its OID.
const swappedQuery: Sql = trusted(`
  WITH swapped(oid) AS (
    SELECT unnest($1::oid[])
    UNION
    SELECT c.oid FROM pg_depend d
      JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid AND r.rulename = '_RETURN'
      JOIN pg_class c ON c.oid = r.ev_class AND c.relkind = 'v' AND ${isNoSourceView('c')}
     WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY ($1::oid[])
  )
  SELECT c.oid, n.nspname AS schema, c.relname AS name, pg_get_userbyid(c.relowner) AS owner,
         ${readsOfView} AS reads
    FROM swapped JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid = c.relnamespace ORDER BY c.oid`)

// CREATE OR REPLACE VIEW resets the options that it does not list.
const definitionsQuery: Sql = trusted(`
  SELECT c.oid, rtrim(pg_get_viewdef(c.oid), ';') AS definition,
         (SELECT string_agg(format('%I = %L', option_name, option_value), ', ') FROM pg_options_to_table(c.reloptions)) AS options
    FROM pg_class c WHERE c.oid = ANY ($1::oid[])`)

/**
 * The relations that a swap changes, each view before the relations that it reads.
 * @param replaced the OIDs of the relations that are replaced
 */
export async function swappedRelations(
  session: Session,
  replaced: readonly number[],
): Promise<readonly SwappedRelation[]> {
  const relations = await session.query<SwappedRelation & { readonly reads: readonly number[] }>(swappedQuery, [
    replaced,
  ])
  const inOrder = topologicalOrder(
    relations,
    ({ oid }) => oid,
    ({ reads }) => reads,
  )
  return inOrder.toReversed()
}

/** How the query of a view changes. */
export interface Repointing {
  readonly names: FinalNames
  /** The scratch schema of a relation's successor; undefined if the relation is not replaced. */
  readonly scratchOf: (schema: string, name: string) => string | undefined
}

/**
 * CREATE OR REPLACE VIEW for each view, so that it reads the successors, which are still in their scratch schemas. A
 * view keeps its OID, owner, grants, comment and triggers, so that its own dependents notice nothing. Reading the definitions locks
 * the views and what they read in ACCESS SHARE mode. Runs under `readingPath`.
 */
export async function repointStatements(
  trust: CodeTrust,
  session: Session,
  views: readonly SwappedRelation[],
  { names, scratchOf }: Repointing,
): Promise<readonly Sql[]> {
  if (views.length === 0) return []
  const byOid = new Map(views.map((view) => [view.oid, view]))
  const definitions = await session.query<{ oid: number; definition: string; options: string | null }>(
    definitionsQuery,
    [[...byOid.keys()]],
  )
  const statements: { readonly title: string; readonly sql: Sql }[] = []
  for (const { oid, definition, options } of definitions) {
    const view = byOid.get(oid)
    if (!view) continue
    const query = await requalify(names.inText(definition), ({ schema, name }) => scratchOf(schema ?? '', name))
    const parameters = options === null ? sql`` : sql` WITH (${trusted(options)})`
    const name = qualified(view.schema, view.name)
    const create = sql`CREATE OR REPLACE VIEW ${name}${parameters} AS\n${trusted(query)}`
    statements.push({ title: `view ${name}`, sql: create })
  }
  await requireTrustedLiterals(trust, session, statements)
  return statements.map((each) => each.sql)
}
