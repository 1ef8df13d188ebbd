// Creates or alters under its own name what other objects find by name: schemas, extensions, types.

import type { DeclaredObject, LiveObject } from '../core/change.ts'
import { topologicalOrder } from '../core/graph.ts'
import { type Key, keyOf, type ObjectId } from '../core/object.ts'
import { ident, type Statement, sql } from '../core/sql.ts'
import { type CatalogReading, readCatalog } from '../introspector/read-catalog.ts'
import type { ByName } from '../kinds/kind.ts'
import { kindOf } from '../kinds/registry.ts'
import { createOrBisect } from './attempt.ts'
import { differences, type ProbeRun } from './run.ts'

/** Creates missing schemas, extensions and types under their own names, and applies changes that others depend on. */
export async function createByName(run: ProbeRun, toProbe: readonly DeclaredObject[]): Promise<void> {
  if (run.recreatesTypes) await moveToScratchSchema(run)
  const isNamed = (object: DeclaredObject) => run.recreatedTypes.has(keyOf(object.id)) || toProbe.includes(object)
  const ordered = topologicalOrder(
    [...run.settled.values()].filter((object) => byName(object.id) !== undefined && isNamed(object)),
    ({ id }) => keyOf(id),
    ({ id, needs }) => [...needs, ...(run.input.reading.live.get(keyOf(id))?.needs ?? [])],
  )
  const units = ordered.map((object) => ({ object, statements: statementsByName(run, object) }))
  const created = await createOrBisect(
    run,
    units.filter(({ statements }) => statements.length > 0),
  )
  const altered = new Set(created.map(({ id }) => keyOf(id)).filter((key) => run.input.reading.live.has(key)))
  if (altered.size > 0) await rereadLive(run, altered)
}

/** Moves types aside that will be recreated: changed ones, and all types that contain them. */
async function moveToScratchSchema(run: ProbeRun): Promise<void> {
  const { live } = run.input.reading
  const candidates = [...run.settled.values()].filter(({ id }) => live.has(keyOf(id)) && byName(id)?.intoSchema)
  for (let isDone = false; !isDone; ) {
    const more = candidates.filter(({ id }) => {
      const object = live.get(keyOf(id))
      return !run.recreatedTypes.has(keyOf(id)) && object?.needs.some((need) => run.recreatedTypes.has(need))
    })
    const changed = candidates.filter((object) => run.recreatedTypes.size === 0 && isChanged(run, object))
    for (const { id } of [...changed, ...more]) run.recreatedTypes.add(keyOf(id))
    isDone = changed.length + more.length === 0
  }
  const recreated = candidates.filter(({ id }) => run.recreatedTypes.has(keyOf(id)))
  for (const [at, { id }] of recreated.entries()) {
    const schema = `${run.scratchSchema}_aside_${at}`
    await run.session.run(sql`CREATE SCHEMA ${ident(schema)}`)
    const aside = byName(id)?.intoSchema?.(id, schema)
    if (aside) await run.session.run(aside.sql)
  }
}

function isChanged(run: ProbeRun, object: DeclaredObject): boolean {
  const live = run.input.reading.live.get(keyOf(object.id))
  if (!live) return false
  return differences(run, object, live).some((field) => byName(object.id)?.affectsOthers?.(field, live.spec))
}

/** Reads all live objects again, except the altered ones: their deparsed text can have changed with a moved type. */
async function rereadLive(run: ProbeRun, altered: ReadonlySet<Key>): Promise<void> {
  const { reading, digests } = run.input
  const others = [...reading.live].filter(([key, { locked }]) => !altered.has(key) && !locked)
  const { live: read } = await readCatalog(
    run.session,
    others.map(([, { id }]) => id),
    digests.salt,
  )
  const live = new Map(
    [...reading.live].map(([key, object]) => {
      const again = read.get(key)
      return [key, !again || again.locked ? object : { ...object, spec: specOf(again, object, reading) }]
    }),
  )
  run.input = { ...run.input, reading: { ...reading, live } }
}

/** The newly read spec, with the names that the manifest declares. */
function specOf(again: LiveObject, { renamedColumns }: LiveObject, { withDeclaredNames }: CatalogReading): unknown {
  const { id, spec } = withDeclaredNames?.(again) ?? again
  return renamedColumns ? (kindOf(id).renaming?.withColumns?.(spec, renamedColumns) ?? spec) : spec
}

/** How others find it by name, if they do. */
export function byName(id: ObjectId): ByName | undefined {
  const { probe: how } = kindOf(id)
  if (how.how === 'by-name') return how
  return how.how === 'read-back' ? how.byName : undefined
}

function statementsByName(run: ProbeRun, object: DeclaredObject): readonly Statement[] {
  const { create, alter } = kindOf(object.id)
  const live = run.input.reading.live.get(keyOf(object.id))
  if (!live || run.recreatedTypes.has(keyOf(object.id))) return create(object.id, object.spec)
  const fields = differences(run, object, live).filter((field) => byName(object.id)?.affectsOthers?.(field, live.spec))
  return alter(object.id, fields, live.spec)
}
