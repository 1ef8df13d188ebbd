import type { LiveObject, WantedObject } from '../core/change.ts'
import { inOrderOfNeed } from '../core/graph.ts'
import { type Key, relationKey } from '../core/object.ts'
import { ident, join, qualified, type Sql, sql, trusted } from '../core/sql.ts'
import { isDatabaseError } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import { kindOf } from '../kinds/registry.ts'
import { withRelationsMoved } from '../manifest/relations-moved.ts'
import { dependentRows } from './dependents.ts'
import { readingPath } from './read.ts'

/** What becomes of a plain view of people when columns below it change. */
export type ViewOutcome =
  /** Its own columns stay as they are, so it can be led to the successor and keeps its identity. */
  | { readonly becomes: 'led' }
  /** PostgreSQL keeps the types of a view's columns, so it has to be dropped and made again. */
  | { readonly becomes: 'recreated' }
  /** It can't be: `reason` says why. */
  | { readonly becomes: 'lost'; readonly reason: string }

export interface TriedView {
  readonly oid: number
  /** `view reports.daily` */
  readonly description: string
  /** The changed relations that it reads, be it through other views. */
  readonly on: ReadonlySet<Key>
  readonly outcome: ViewOutcome
  /** Whether it reads a view that is made anew, and so has to be led to that. */
  readonly readsRecreated: boolean
}

interface Row {
  readonly oid: number
  readonly schema: string
  readonly name: string
  readonly owner: string
  readonly isOurs: boolean
  readonly extension: string | null
  readonly definition: string
  readonly reads: readonly number[]
  readonly description: string
}

const viewsQuery: Sql = trusted(`
  WITH RECURSIVE reading(oid) AS (
    SELECT unnest($1::oid[])
    UNION
    SELECT c.oid FROM reading
      JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = reading.oid AND d.classid = 'pg_rewrite'::regclass
      JOIN pg_rewrite r ON r.oid = d.objid JOIN pg_class c ON c.oid = r.ev_class AND c.relkind = 'v'
  )
  SELECT c.oid, n.nspname AS schema, c.relname AS name, pg_get_userbyid(c.relowner) AS owner, pg_has_role(c.relowner, 'USAGE') AS "isOurs",
         (SELECT extname FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
           WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') AS extension,
         rtrim(pg_get_viewdef(c.oid), ';') AS definition, pg_describe_object('pg_class'::regclass, c.oid, 0) AS description,
         ARRAY(SELECT DISTINCT d.refobjid FROM pg_rewrite r
                 JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
                WHERE r.ev_class = c.oid AND d.refobjid <> c.oid) AS reads
    FROM reading JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'v' ORDER BY c.oid`)

/**
 * Tries out, in a transaction that is rolled back, what becomes of the plain views that read relations whose columns are to
 * change their types or go: they are made once more over empty tables of the columns to come.
 * @returns nothing for a server on which nothing can be tried out
 */
export async function tryViews(
  session: Session,
  live: ReadonlyMap<Key, LiveObject>,
  wanted: ReadonlyMap<Key, WantedObject>,
): Promise<readonly TriedView[]> {
  const changed = [...live].flatMap(([key, object]) => {
    const to = wanted.get(key)
    return to && losesColumns(object, to) ? [{ key, object, to }] : []
  })
  if (changed.length === 0) return []
  await session.run(sql`BEGIN; SET LOCAL lock_timeout = '3s'; ${readingPath}`)
  try {
    const oids = changed.flatMap(({ object: { oid } }) => oid)
    const views = inOrderOfNeed(
      await session.query<Row>(viewsQuery, [oids]),
      ({ oid }) => oid,
      ({ reads }) => reads,
    )
    if (views.length === 0) return []
    const on = new Map<number, ReadonlySet<Key>>(changed.map(({ key, object }) => [object.oid, new Set([key])]))
    for (const { oid, reads } of views) on.set(oid, new Set(reads.flatMap((read) => [...(on.get(read) ?? [])])))
    const outcomes = await outcomesOf(session, changed, views)
    return views.map(({ oid, description, reads }) => ({
      oid,
      description,
      on: on.get(oid) ?? new Set(),
      outcome: outcomes.get(oid) ?? { becomes: 'led' },
      readsRecreated: reads.some((read) => outcomes.get(read)?.becomes === 'recreated'),
    }))
  } catch (error) {
    // A server that is read-only, or a role that may make nothing: then such views are in the way.
    if (!isDatabaseError(error) || session.isLost()) throw error
    return []
  } finally {
    if (!session.isLost()) await session.run(trusted('ROLLBACK'))
  }
}

interface Changed {
  readonly key: Key
  readonly object: LiveObject
  readonly to: WantedObject
}

/** New columns are none that a view could read. */
function losesColumns({ id, spec }: LiveObject, to: WantedObject): boolean {
  const { columns } = kindOf(id)
  if (!columns) return false
  const after = columns(to.spec)
  return Array.from(columns(spec)).some(([name, type]) => after.get(name) !== type)
}

async function outcomesOf(
  session: Session,
  changed: readonly Changed[],
  views: readonly Row[],
): Promise<ReadonlyMap<number, ViewOutcome>> {
  const relations = changed.flatMap(({ object: { id }, to }) => ('schema' in id ? [{ id, to }] : []))
  const schemas = [...new Set([...relations.map(({ id }) => id.schema), ...views.map(({ schema }) => schema)])]
  const scratch = new Map(schemas.map((schema, at) => [schema, `fdwsync_try_${at + 1}`]))
  const moved = new Set(relations.map(({ id }) => relationKey(id.schema, id.name)))
  const place = (schema: string, name: string) => qualified(scratch.get(schema) ?? '', name)
  const tables = relations.map(({ id, to }) => {
    const columns = Array.from(
      kindOf(to.id).columns?.(to.spec) ?? [],
      ([name, type]) => sql`${ident(name)} ${trusted(type)}`,
    )
    return sql`CREATE TABLE ${place(id.schema, id.name)} (${join(columns, ', ')})`
  })
  await session.run(
    join([...Array.from(scratch.values(), (name) => sql`CREATE SCHEMA ${ident(name)}`), ...tables], ';\n'),
  )

  const outcomes = new Map<number, ViewOutcome>()
  for (const { oid, schema, name, definition, reads } of views) {
    const lost = reads.find((read) => outcomes.get(read)?.becomes === 'lost')
    if (lost !== undefined) {
      const below = views.find((view) => view.oid === lost)
      outcomes.set(oid, { becomes: 'lost', reason: `it reads ${below?.description}` })
      continue
    }
    const query = await withRelationsMoved(definition, (relation) =>
      moved.has(relationKey(relation.schema ?? '', relation.name)) ? scratch.get(relation.schema ?? '') : undefined,
    )
    await session.run(trusted('SAVEPOINT view'))
    try {
      await session.run(sql`CREATE VIEW ${place(schema, name)} AS ${trusted(query)}`)
      moved.add(relationKey(schema, name))
      outcomes.set(oid, { becomes: 'led' })
    } catch (error) {
      if (!isDatabaseError(error)) throw error
      await session.run(trusted('ROLLBACK TO view'))
      outcomes.set(oid, { becomes: 'lost', reason: error.message })
    }
  }
  await findRecreated(session, views, scratch, outcomes)
  return outcomes
}

/** Of the views that could be made: those whose columns have become others, unless something else stands on them. */
async function findRecreated(
  session: Session,
  views: readonly Row[],
  scratch: ReadonlyMap<string, string>,
  outcomes: Map<number, ViewOutcome>,
): Promise<void> {
  const rows = await session.query<{ oid: number }>(
    trusted(`
      SELECT v.oid FROM jsonb_to_recordset($1) AS v(oid oid, scratch text, name text)
        JOIN pg_class made ON made.relname = v.name AND made.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = v.scratch)
       WHERE EXISTS (
         SELECT FROM (SELECT * FROM pg_attribute WHERE attrelid = v.oid AND attnum > 0) old
           FULL JOIN (SELECT * FROM pg_attribute WHERE attrelid = made.oid AND attnum > 0) new USING (attnum)
          WHERE (old.attname, old.atttypid, old.atttypmod, old.attcollation)
                IS DISTINCT FROM (new.attname, new.atttypid, new.atttypmod, new.attcollation))`),
    [
      JSON.stringify(
        views
          .filter(({ oid }) => outcomes.get(oid)?.becomes === 'led')
          .map(({ oid, schema, name }) => ({ oid, scratch: scratch.get(schema), name })),
      ),
    ],
  )
  const recreated = new Set(rows.map(({ oid }) => oid))
  const others = await dependentRows(
    session,
    [...recreated].map((oid) => ({ catalog: 'pg_class', oid })),
  )
  // What is made anew keeps nothing of what stands on it: it must be possible to make that anew, or lead it, as well.
  for (const view of views.toReversed()) {
    if (!recreated.has(view.oid)) continue
    const readers = views.filter(({ reads }) => reads.includes(view.oid))
    const reader = readers.find(({ oid, isOurs }) => !isOurs || outcomes.get(oid)?.becomes === 'lost')
    const other = others.find(({ of, view: by }) => of === view.oid && !readers.some(({ oid }) => oid === by?.oid))
    const ofReader = reader && outcomes.get(reader.oid)
    const lost = (reason: string) => outcomes.set(view.oid, { becomes: 'lost', reason })
    if (view.extension !== null) lost(`it belongs to the extension ${view.extension}`)
    else if (!view.isOurs) lost(`it belongs to ${view.owner}`)
    else if (ofReader?.becomes === 'lost') lost(`${reader?.description} reads it: ${ofReader.reason}`)
    else if (reader) lost(`${reader.description}, which reads it, belongs to ${reader.owner}`)
    else if (other) lost(`${other.description} depends on it`)
    else outcomes.set(view.oid, { becomes: 'recreated' })
  }
}
