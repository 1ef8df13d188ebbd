// Creates the types that a plan creates or replaces in scratch schemas, so that views can be tried out over columns of these types.

import type { Change, WantedObject } from '../core/change.ts'
import type { Lost } from '../core/dependent.ts'
import { topologicalOrder } from '../core/graph.ts'
import { type Key, keyOf, namespaceOf, relationKey } from '../core/object.ts'
import { join, qualified, type Sql, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { manifestPath, readingPath } from '../introspector/transaction-settings.ts'
import { kindOf, titleOf } from '../kinds/registry.ts'
import { type Place, requalifyForScratch, tryStatements } from './stand-ins.ts'

export interface ChangedTypes {
  /** The types that are new or replaced. */
  readonly created: readonly WantedObject[]
  /** The keys of the types that are replaced: a column that has one has another type afterwards, of the same name. */
  readonly replaced: ReadonlySet<Key>
}

export interface TypesToCreate extends ChangedTypes {
  /** The path that their definitions are written for. */
  readonly searchPath: readonly string[]
}

export function changedTypes(changes: readonly Change[]): ChangedTypes {
  const created = changes.flatMap((change) =>
    (change.op === 'create' || change.op === 'replace') && isType(change.to) ? [change] : [],
  )
  return {
    created: created.map(({ to }) => to),
    replaced: new Set(created.flatMap(({ op, key }) => (op === 'replace' ? [key] : []))),
  }
}

/** The types that other definitions name and that can be created in a scratch schema. */
function isType({ id }: WantedObject): boolean {
  const { probe } = kindOf(id)
  return probe.how === 'read-back' && probe.byName?.intoSchema !== undefined
}

/**
 * Creates each type in the scratch schema of its schema, which precedes the real one in search_path.
 * @returns why one could not be created
 */
export async function createScratchTypes(
  session: Session,
  { created, searchPath }: TypesToCreate,
  place: Place,
): Promise<Lost | undefined> {
  if (created.length === 0) return undefined
  const path = searchPath.flatMap((schema) => {
    const scratch = place.scratch.get(schema)
    return scratch === undefined ? [schema] : [scratch, schema]
  })
  await session.run(manifestPath(path))
  const ordered = topologicalOrder(
    created,
    ({ id }) => keyOf(id),
    ({ needs }) => needs,
  )
  for (const object of ordered) {
    const statements = statementsOf(object, place)
    const requalified = await Promise.all(statements.map((statement) => requalifyForScratch(statement, place)))
    const why = await tryStatements(session, join(requalified.map(trusted), ';\n'), place)
    if (why) return { ...why, reason: `${titleOf(object.id)} cannot be tried out: ${why.reason}` }
    if (!('schema' in object.id)) continue
    const { schema, name } = object.id
    const { probe } = kindOf(object.id)
    const within = probe.how === 'read-back' ? (probe.byName?.namesWithin?.(object.declared) ?? []) : []
    for (const each of [name, ...within]) {
      place.existing.add(relationKey(schema, each))
      place.types.set(qualified(place.scratch.get(schema) ?? '', each), qualified(schema, each))
    }
  }
  await session.run(readingPath)
  return undefined
}

function statementsOf({ id, declared }: WantedObject, { scratch }: Place): readonly Sql[] {
  const { probe, create } = kindOf(id)
  if (probe.how !== 'read-back' || !('name' in id)) return []
  const place = { schema: scratch.get(namespaceOf(id) ?? '') ?? '', name: id.name }
  const standIn = probe.standIn({ id, spec: declared }, place, (other) => other)
  return create(standIn.id, standIn.spec).map(({ sql }) => sql)
}
