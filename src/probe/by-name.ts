// Creates or alters objects under their own names where others find them by name: extensions, and the schemas that these need.

import type { DeclaredObject, LiveObject } from '../core/change.ts'
import { topologicalOrder } from '../core/graph.ts'
import { type Key, keyOf } from '../core/object.ts'
import { number, type Sql, type Statement, sql, trusted, withoutSecrets } from '../core/sql.ts'
import { type CatalogReading, readCatalog } from '../introspector/read-catalog.ts'
import { kindOf } from '../kinds/registry.ts'
import { createOrBisect } from './attempt.ts'
import { byName, canBeInScratch } from './found-by-name.ts'
import { differences, lockTimeoutMilliseconds, type ProbeRun, TargetChangedError } from './run.ts'

/** Creates or moves extensions and their schemas, which cannot be created in a scratch schema. */
export async function createByName(run: ProbeRun, toProbe: readonly DeclaredObject[]): Promise<void> {
  const candidates = toProbe.filter(({ id }) => byName(id) !== undefined && !canBeInScratch(id))
  const needed = new Set(candidates.flatMap(({ needs }) => needs))
  const ordered = topologicalOrder(
    candidates.filter(({ id }) => !byName(id)?.isNamespace || needed.has(keyOf(id))),
    ({ id }) => keyOf(id),
    ({ id, needs }) => [...needs, ...(run.input.reading.live.get(keyOf(id))?.needs ?? [])],
  )
  const units = ordered
    .map((object) => ({ object, statements: statementsByName(run, object).map(withoutSecrets) }))
    .filter(({ statements }) => statements.length > 0)
  if (units.length === 0) return
  await waitForTurn(run)
  await requireMissing(
    run,
    units.map(({ object }) => object),
  )
  const created = await createOrBisect(run, units)
  await run.session.run(setLockTimeout(lockTimeoutMilliseconds))
  const altered = new Set(created.map(({ id }) => keyOf(id)).filter((key) => run.input.reading.live.has(key)))
  if (altered.size > 0) await rereadLive(run, altered)
}

/** Longer than a probe usually takes. */
const turnMilliseconds = 30_000

/**
 * Probes that create something under its own name take turns: two sessions cannot create the same extension at the same time, and
 * an apply that creates it commits soon. The lock ends with the transaction.
 */
async function waitForTurn({ session }: ProbeRun): Promise<void> {
  await session.run(setLockTimeout(turnMilliseconds))
  await session.query(
    trusted("SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('fdwsync:v1:probe', 0))"),
  )
}

/** An apply may have created the objects while this probe waited for its turn. */
async function requireMissing(run: ProbeRun, objects: readonly DeclaredObject[]): Promise<void> {
  const { reading, digests } = run.input
  const missing = objects.filter(({ id }) => !reading.live.has(keyOf(id))).map(({ id }) => id)
  const { live } = await readCatalog(run.session, missing, digests.salt)
  if (live.size > 0) throw new TargetChangedError()
}

function setLockTimeout(milliseconds: number): Sql {
  return sql`SET LOCAL lock_timeout = ${number(milliseconds)}`
}

/** Reads all live objects again, except the altered ones: their deparsed text can have changed with a moved extension. */
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

function statementsByName(run: ProbeRun, object: DeclaredObject): readonly Statement[] {
  const { create, alter } = kindOf(object.id)
  const live = run.input.reading.live.get(keyOf(object.id))
  if (!live) return create(object.id, object.spec)
  const fields = differences(run, object, live).filter((field) => byName(object.id)?.affectsOthers?.(field, live.spec))
  return alter(object.id, fields, live.spec)
}
