import { topologicalOrder } from '../../core/graph.ts'
import { join, qualified, type Sql, sql, trusted } from '../../core/sql.ts'
import type { Session } from '../../db/session.ts'
import { readsOfView } from '../../dependents/view-reads.ts'
import { requalifyRelations } from '../../parser/requalify.ts'
import type { SwappedRelation } from './lock-order.ts'

// What is replaced, and the views of people that read that directly: what reads those in turn stays as it is.
const swappedQuery: Sql = trusted(`
  WITH swapped(oid) AS (
    SELECT unnest($1::oid[])
    UNION
    SELECT c.oid FROM pg_depend d
      JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid AND r.rulename = '_RETURN'
      JOIN pg_class c ON c.oid = r.ev_class AND c.relkind = 'v'
     WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY ($1::oid[])
  )
  SELECT c.oid, n.nspname AS schema, c.relname AS name, pg_get_userbyid(c.relowner) AS owner,
         ${readsOfView} AS reads
    FROM swapped JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid = c.relnamespace ORDER BY c.oid`)

// OR REPLACE forgets the options of a view that are not said again.
const definitionsQuery: Sql = trusted(`
  SELECT c.oid, rtrim(pg_get_viewdef(c.oid), ';') AS definition,
         (SELECT string_agg(format('%I = %L', option_name, option_value), ', ') FROM pg_options_to_table(c.reloptions)) AS options
    FROM pg_class c WHERE c.oid = ANY ($1::oid[])`)

/**
 * What is replaced, and the views of people that have to follow it. What reads comes before what it reads.
 * @param replaced the OIDs of what is replaced
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

/**
 * Leads the views that read what is replaced to the successors in their scratch schemas. A view keeps its identity, owner,
 * grants, comment and triggers, and what reads it notices nothing. They are locked before and their definitions are read
 * only here, so that nobody's change to one is lost. Runs under the reading path.
 * @param scratchOf the scratch schema that a relation's successor stands in
 */
export async function repointViews(
  session: Session,
  followers: readonly SwappedRelation[],
  scratchOf: (schema: string, name: string) => string | undefined,
): Promise<void> {
  if (followers.length === 0) return
  const byOid = new Map(followers.map((view) => [view.oid, view]))
  const definitions = await session.query<{ oid: number; definition: string; options: string | null }>(
    definitionsQuery,
    [[...byOid.keys()]],
  )
  const led: Sql[] = []
  for (const { oid, definition, options } of definitions) {
    const view = byOid.get(oid)
    if (!view) continue
    const query = await requalifyRelations(definition, ({ schema, name }) => scratchOf(schema ?? '', name))
    const parameters = options === null ? sql`` : sql` WITH (${trusted(options)})`
    led.push(sql`CREATE OR REPLACE VIEW ${qualified(view.schema, view.name)}${parameters} AS\n${trusted(query)}`)
  }
  await session.run(join(led, ';\n'))
}
