// Recognizes queries that PostgreSQL deparses in two ways.

import type { DeclaredObject, LiveObject } from '../core/change.ts'
import { type Key, keyOf, type ObjectId } from '../core/object.ts'
import { join, literal, type Sql, sql, trusted } from '../core/sql.ts'
import { readingPath } from '../introspector/transaction-settings.ts'
import { kindOf } from '../kinds/registry.ts'
import { wouldEvaluate } from './evaluation.ts'
import { inScratchSchemas, readScratch } from './namesakes.ts'
import type { ProbeRun } from './run.ts'

/** An object, and its stand-in as read from the catalog. */
export interface ReadStandIn {
  readonly object: DeclaredObject
  readonly read: LiveObject
}

/**
 * PostgreSQL can deparse a query differently after it has parsed its own deparsed text: `(VALUES …)` becomes
 * `( VALUES …)`. So where the live text differs from the wanted one, this creates an object from the live text and deparses
 * that. If the result is the wanted text, both mean the same, since they were deparsed and parsed under the same path.
 * Returns the live texts for which that holds.
 */
export async function deparseTwice(run: ProbeRun, standIns: readonly ReadStandIn[]): Promise<ReadonlyMap<Key, string>> {
  const copies: Copy[] = []
  for (const [at, standIn] of standIns.entries()) copies.push(...(await copyOf(run, standIn, `again${at}`)))
  if (copies.length === 0) return new Map()
  const { session } = run
  await session.run(join([trusted('SAVEPOINT again'), readingPath, ...copies.map(({ create }) => create)], ';\n'))
  const ids = copies.map(({ id }) => id)
  const again = await readScratch(run, ids)
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
  /** Creates the copy and ignores errors: without a copy the texts count as different. */
  readonly create: Sql
  readonly wanted: string
  readonly live: string
}

async function copyOf(run: ProbeRun, { object, read }: ReadStandIn, name: string): Promise<readonly Copy[]> {
  const { probe: how, query, create } = kindOf(object.id)
  const key = keyOf(object.id)
  const spec = run.input.reading.live.get(key)?.spec
  if (how.how !== 'read-back' || !query || spec === undefined) return []
  const [live, wanted] = [query.text(spec), query.text(read.spec)]
  // A locked object has no text, nor does one that is yet to be adopted.
  if (live === wanted || live === '') return []
  const { id, spec: standIn } = how.standIn(
    { id: object.id, spec },
    { schema: run.scratchSchema, name },
    (each) => each,
  )
  const unit = { object, statements: create(id, standIn) }
  if (await wouldEvaluate(run, unit)) return []
  const statements = (await inScratchSchemas(run, unit.statements)).map((statement) => statement.sql)
  const body = sql`BEGIN ${join(statements, ';\n')}; EXCEPTION WHEN OTHERS THEN NULL; END`
  return [{ id, key, create: sql`DO ${literal(body)}`, wanted, live }]
}
