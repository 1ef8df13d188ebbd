import type { DeclaredObject, LiveObject } from '../core/change.ts'
import { type Key, keyOf, type ObjectId } from '../core/object.ts'
import { join, literal, type Sql, sql, trusted } from '../core/sql.ts'
import { readCatalog } from '../introspector/read-catalog.ts'
import { readingPath } from '../introspector/transaction-settings.ts'
import { kindOf } from '../kinds/registry.ts'
import type { ProbeRun } from './run.ts'

/** An object and what its stand-in was read as. */
export interface ReadStandIn {
  readonly object: DeclaredObject
  readonly read: LiveObject
}

/**
 * PostgreSQL may show a query in another way once it has read what it showed: `(VALUES …)` becomes `( VALUES …)`. So where
 * the live text is another than the wanted one it is read once more, and shown again. What is the same then means the same,
 * since a text is shown with the path under which it is read here. Returns the texts of live ones of which that holds.
 */
export async function deparseTwice(run: ProbeRun, standIns: readonly ReadStandIn[]): Promise<ReadonlyMap<Key, string>> {
  const copies = standIns.flatMap((standIn, at) => copyOf(run, standIn, `again${at}`))
  if (copies.length === 0) return new Map()
  const { session, input } = run
  await session.run(join([trusted('SAVEPOINT again'), readingPath, ...copies.map(({ make }) => make)], ';\n'))
  const ids = copies.map(({ id }) => id)
  const { live: again } = await readCatalog(session, ids, input.digests.salt)
  await session.run(trusted('ROLLBACK TO again'))
  return new Map(
    copies.flatMap(({ id, key, wanted, live }) => {
      const spec = again.get(keyOf(id))?.spec
      return spec !== undefined && kindOf(id).query?.text(spec) === wanted ? [[key, live] as const] : []
    }),
  )
}

interface Copy {
  readonly id: ObjectId
  readonly key: Key
  /** Makes it, unless the server can't: then it is not the same. */
  readonly make: Sql
  readonly wanted: string
  readonly live: string
}

function copyOf(run: ProbeRun, { object, read }: ReadStandIn, name: string): readonly Copy[] {
  const { probe: how, query, create } = kindOf(object.id)
  const key = keyOf(object.id)
  const spec = run.input.reading.live.get(key)?.spec
  if (how.how !== 'read-back' || !query || spec === undefined) return []
  const [live, wanted] = [query.text(spec), query.text(read.spec)]
  if (live === wanted) return []
  const { id, spec: standIn } = how.standIn(
    { id: object.id, spec },
    { schema: run.scratchSchema, name },
    (each) => each,
  )
  const statements = create(id, standIn).map((statement) => statement.sql)
  const body = sql`BEGIN ${join(statements, ';\n')}; EXCEPTION WHEN OTHERS THEN NULL; END`
  return [{ id, key, make: sql`DO ${literal(body)}`, wanted, live }]
}
