import type { DeclaredObject } from '../core/change.ts'
import { inOrderOfNeed } from '../core/graph.ts'
import { type Key, keyOf } from '../core/object.ts'
import { trusted } from '../core/sql.ts'
import { kindOf } from '../kinds/registry.ts'
import { keysNamed, type RelationName, relationsNamed } from '../manifest/relations-named.ts'
import type { ProbeRun } from './probe.ts'
import { underRealNames } from './probe-real-names.ts'
import { batchSize, makeStandIns, probeInScratch, readStandIns } from './probe-stand-ins.ts'

/** An object that is defined by a query, with the relations that the query names. */
export interface QueryObject {
  readonly object: DeclaredObject
  readonly names: readonly RelationName[]
  /** Those of them that are declared. */
  readonly reads: readonly Key[]
  /** What lives and dies with it: its indexes. */
  readonly parts: readonly DeclaredObject[]
}

/**
 * Tries out what is defined by a query. Where all relations that it names exist and stay as they are, a scratch copy
 * beside the live ones will do. Where one is new or changes, the query must find the wanted one under its real name.
 */
export async function probeQueries(run: ProbeRun, objects: readonly DeclaredObject[]): Promise<void> {
  const queries = await queryObjects(run, objects)
  const ordered = inOrderOfNeed(
    queries,
    ({ object }) => keyOf(object.id),
    ({ reads }) => reads,
  )
  let remaining = ordered
  const realNames: QueryObject[] = []
  const open = new Set(ordered.map(({ object }) => keyOf(object.id)))
  while (remaining.length > 0) {
    const ready = remaining.filter(({ object, reads }) =>
      reads.every((key) => key === keyOf(object.id) || !open.has(key)),
    )
    // Views that read each other in a circle can't exist; the server will say so of the first.
    const level = ready.length > 0 ? ready : remaining
    const beside = level.filter(({ reads }) => !reads.some((key) => isMoved(run, key, realNames)))
    await probeBeside(run, beside)
    realNames.push(...level.filter((query) => !beside.includes(query)))
    for (const { object } of level) open.delete(keyOf(object.id))
    remaining = remaining.filter((query) => !level.includes(query))
  }
  if (realNames.length > 0) await underRealNames(run, realNames, ordered)
}

async function queryObjects(run: ProbeRun, objects: readonly DeclaredObject[]): Promise<readonly QueryObject[]> {
  const parts = partsByWhole(objects)
  const result: QueryObject[] = []
  for (const object of objects) {
    const query = kindOf(object.id).query?.(object.spec)
    if (query === undefined) continue
    const names = await relationsNamed(query)
    const reads = [...new Set(names.flatMap((name) => keysNamed(name, run.input.searchPath)))].filter(
      (key) => run.settled.has(key) && key !== keyOf(object.id),
    )
    const needs = [...object.needs, ...reads]
    result.push({ object: { ...object, needs }, names, reads, parts: parts.get(keyOf(object.id)) ?? [] })
  }
  return result
}

function partsByWhole(objects: readonly DeclaredObject[]): ReadonlyMap<Key, readonly DeclaredObject[]> {
  const groups = new Map<Key, DeclaredObject[]>()
  for (const object of objects) {
    const whole = kindOf(object.id).partOf?.(object.spec, object.id)
    if (whole !== undefined) groups.set(whole, [...(groups.get(whole) ?? []), object])
  }
  return groups
}

/** Whether a declared relation is not there yet, or is there with other columns than it will have. */
export function isMoved(run: ProbeRun, key: Key, besides: readonly QueryObject[]): boolean {
  const live = run.input.reading.live.get(key)
  if (!live || live.renamedColumns || besides.some(({ object }) => keyOf(object.id) === key)) return true
  if (live.needs.some((need) => run.renewed.has(need))) return true
  const wanted = run.wanted.get(key)
  const { columns } = kindOf(live.id)
  const shape = (spec: unknown) => JSON.stringify([...(columns?.(spec) ?? [])])
  return wanted !== undefined && shape(live.spec) !== shape(wanted.spec)
}

/** Tries out queries that no other one of them reads. */
export async function probeBeside(run: ProbeRun, queries: readonly QueryObject[]): Promise<void> {
  for (let start = 0; start < queries.length; start += batchSize) {
    const batch = queries.slice(start, start + batchSize)
    await run.session.run(trusted('SAVEPOINT beside'))
    const made = await makeStandIns(
      run,
      batch.map(({ object }) => object),
    )
    await readStandIns(run, made)
    await probeParts(run, batch, made)
    await run.session.run(trusted('ROLLBACK TO beside'))
    for (const { object } of batch) run.standIns.delete(keyOf(object.id))
  }
}

/** Tries out the indexes of those objects that could be made. */
export async function probeParts(
  run: ProbeRun,
  queries: readonly QueryObject[],
  made: readonly DeclaredObject[],
): Promise<void> {
  await probeInScratch(
    run,
    queries.filter(({ object }) => made.includes(object)).flatMap(({ parts }) => parts),
  )
}
