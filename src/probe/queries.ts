// Probes views and their indexes, each after what it reads.

import type { DeclaredObject } from '../core/change.ts'
import { topologicalOrder } from '../core/graph.ts'
import { idOf, type Key, keyOf } from '../core/object.ts'
import { kindOf, parentOf } from '../kinds/registry.ts'
import { possibleTypeKeys, relationsRead } from '../parser/relations-read.ts'
import { probeBeside } from './beside.ts'
import { reportCircles } from './circles.ts'
import { probeUnderOwnNames } from './own-names.ts'
import type { ProbeRun } from './run.ts'
import { isNewOrReshaped, type QueryObject } from './run.ts'

/**
 * Probes objects that are defined by a query. If all relations that the query names exist and keep their columns, it is
 * probed under a scratch name beside them. If one is new or changes, the query must find the wanted one under its own name.
 */
export async function probeQueries(run: ProbeRun, objects: readonly DeclaredObject[]): Promise<void> {
  const queries = await queryObjects(run, objects)
  const ordered = topologicalOrder(
    queries,
    ({ object }) => keyOf(object.id),
    ({ reads }) => reads,
  )
  let remaining = ordered
  const ownNames: QueryObject[] = []
  const open = new Set(ordered.map(({ object }) => keyOf(object.id)))
  while (remaining.length > 0) {
    const ready = remaining.filter(({ object, reads }) =>
      reads.every((key) => key === keyOf(object.id) || !open.has(key)),
    )
    // Views that read each other in a circle cannot exist: see circles.ts.
    const level = ready.length > 0 ? ready : remaining
    const beside = level.filter(({ reads }) => !reads.some((key) => isNewOrReshaped(run, key, ownNames)))
    await probeBeside(run, beside)
    ownNames.push(...level.filter((query) => !beside.includes(query)))
    for (const { object } of level) open.delete(keyOf(object.id))
    remaining = remaining.filter((query) => !level.includes(query))
  }
  if (ownNames.length > 0) await probeUnderOwnNames(run, ownNames, ordered)
  await reportCircles(run, queries)
}

async function queryObjects(run: ProbeRun, objects: readonly DeclaredObject[]): Promise<readonly QueryObject[]> {
  const parts = childrenByParent(objects)
  const result: QueryObject[] = []
  for (const object of objects) {
    const query = kindOf(object.id).query?.text(object.spec)
    const named = run.rowTypeUsers.get(keyOf(object.id))
    if (named) result.push({ object, names: [], reads: named, children: [] })
    if (query === undefined) continue
    const names = await relationsRead(query)
    const isRead = (key: Key) =>
      run.settled.has(key) && key !== keyOf(object.id) && (run.rowTypeUsers.has(key) || idOf(key)?.kind !== 'type')
    const reads = [...new Set(names.flatMap((name) => possibleTypeKeys(name, run.input.searchPath)))].filter(isRead)
    const needs = [...object.needs, ...reads]
    result.push({ object: { ...object, needs }, names, reads, children: parts.get(keyOf(object.id)) ?? [] })
  }
  return result
}

function childrenByParent(objects: readonly DeclaredObject[]): ReadonlyMap<Key, readonly DeclaredObject[]> {
  const groups = new Map<Key, DeclaredObject[]>()
  for (const object of objects) {
    const parent = parentOf(object)
    if (parent !== undefined) groups.set(parent, [...(groups.get(parent) ?? []), object])
  }
  return groups
}
