// Probes objects that queries must find under their own names, because they are new or change. Each object is created in the
// scratch schema for its schema (see namesakes.ts). pg_depend then proves that nothing created here refers to the live object.

import type { DeclaredObject, FieldChange, LiveObject } from '../core/change.ts'
import { topologicalOrder } from '../core/graph.ts'
import { type Key, keyOf, namespaceOf, type ObjectId, relationKey } from '../core/object.ts'
import { kindOf } from '../kinds/registry.ts'
import { createOrBisect } from './attempt.ts'
import { probeBeside, probeChildren } from './beside.ts'
import { certainQueries, recordCertainQueries } from './certain-queries.ts'
import { byName, canBeInScratch } from './found-by-name.ts'
import { createNamesakes } from './namesakes.ts'
import { differences, differs, isNewOrReshaped, type ProbeRun, type QueryObject } from './run.ts'
import { probeInScratch, readStandIns } from './stand-ins.ts'
import { unitOf } from './unit.ts'

/**
 * Creates types under their own names: new and replaced ones, and all types that contain them. A run that uses future types also
 * creates altered types: PostgreSQL refuses to use a value in the transaction that adds it to an enumeration.
 */
export async function createTypes(run: ProbeRun): Promise<void> {
  const { live } = run.input.reading
  const types = [...run.settled.values()].filter(({ id }) => canBeInScratch(id))
  const isForLater = ({ id }: DeclaredObject) => run.rowTypeUsers.has(keyOf(id))
  const read = await readAltered(
    run,
    types.filter((object) => !isForLater(object)),
  )
  const asShown = (object: DeclaredObject) => {
    const key = keyOf(object.id)
    return { ...object, spec: read.get(key) ?? run.wanted.get(key)?.spec ?? object.spec }
  }
  const chosen = new Set(types.filter((object) => isNewType(run, asShown(object))))
  for (const changed of chosen) {
    for (const object of types) {
      const needs = [...object.needs, ...(live.get(keyOf(object.id))?.needs ?? [])]
      if (needs.includes(keyOf(changed.id))) chosen.add(object)
    }
  }
  for (const { id } of chosen) run.scratchTypes.add(keyOf(id))
  const ordered = topologicalOrder(
    chosen,
    ({ id }) => keyOf(id),
    ({ needs }) => needs,
  )
  await createUnderOwnNames(
    run,
    ordered.filter((object) => !isForLater(object)),
  )
}

/** Reads the types that seem to differ, since PostgreSQL may call their parts something else than the manifest does. */
async function readAltered(run: ProbeRun, types: readonly DeclaredObject[]): Promise<ReadonlyMap<Key, unknown>> {
  const { live } = run.input.reading
  const altered = types.filter((object) => {
    const found = live.get(keyOf(object.id))
    return found !== undefined && !run.wanted.has(keyOf(object.id)) && differs(run, object, found)
  })
  const { length } = run.findings
  await probeInScratch(run, altered)
  // A type that fails here may use one that does not exist yet. All are probed once more, in their order.
  run.findings.splice(length)
  const specs = new Map<Key, unknown>()
  for (const key of altered.map(({ id }) => keyOf(id))) {
    const wanted = run.wanted.get(key)
    if (wanted) specs.set(key, wanted.spec)
    run.wanted.delete(key)
  }
  return specs
}

function isNewType(run: ProbeRun, object: DeclaredObject): boolean {
  const live = run.input.reading.live.get(keyOf(object.id))
  if (!live) return true
  const isReplaced = differences(run, object, live).some(
    ({ effect, blockedByUseOf }) => effect.how === 'replace' || blockedByUseOf !== undefined,
  )
  return isReplaced || (run.usesFutureTypes && isAlteredForOthers(run, object, live))
}

/** Whether the plan alters a type in a way that other objects may rely on. */
export function altersTypes(run: ProbeRun): boolean {
  return [...run.settled.values()].some((object) => {
    const live = canBeInScratch(object.id) ? run.input.reading.live.get(keyOf(object.id)) : undefined
    const spec = run.wanted.get(keyOf(object.id))?.spec ?? object.spec
    return live !== undefined && isAlteredForOthers(run, { ...object, spec }, live)
  })
}

function isAlteredForOthers(run: ProbeRun, object: DeclaredObject, live: LiveObject): boolean {
  const affectsOthers = (field: FieldChange) => byName(object.id)?.affectsOthers?.(field, live.spec) ?? false
  return differences(run, object, live).some(affectsOthers)
}

/**
 * Probes queries that name relations which are new or change.
 * @param all all queries, each after what it reads
 */
export async function probeUnderOwnNames(
  run: ProbeRun,
  queries: readonly QueryObject[],
  all: readonly QueryObject[],
): Promise<void> {
  const certain = await certainQueries(run, queries, all)
  const untried = new Set(certain.untried.map(({ query }) => query))
  await tryUnderOwnNames(
    run,
    queries.filter((query) => !untried.has(query)),
    all,
  )
  const uncertain = await recordCertainQueries(run, certain, queries)
  if (uncertain.length > 0) await tryUnderOwnNames(run, uncertain, all)
}

async function tryUnderOwnNames(
  run: ProbeRun,
  queries: readonly QueryObject[],
  all: readonly QueryObject[],
): Promise<void> {
  const involved = withWhatTheyRead(run, queries, all)
  const moved = new Set(involved.flatMap(({ reads }) => reads.filter((key) => isNewOrReshaped(run, key, queries))))
  const own = new Set(involved.map(({ object }) => keyOf(object.id)))
  const relations = [...moved].filter((key) => !own.has(key) && !run.underOwnNames.has(key))
  await createUnderOwnNames(
    run,
    relations.flatMap((key) => run.settled.get(key) ?? []),
  )
  const named = involved.filter(({ object }) => moved.has(keyOf(object.id)))
  const created = await createUnderOwnNames(
    run,
    named.map(({ object }) => object),
  )
  const probed = new Set(queries.map(({ object }) => object))
  await readStandIns(
    run,
    created.filter((object) => probed.has(object)),
  )
  await probeChildren(
    run,
    queries.filter((query) => named.includes(query)),
    created,
  )
  await probeBeside(
    run,
    involved.filter((query) => !named.includes(query)),
  )
}

/** The queries, with all new or changing views that they read, directly or indirectly, even those that were probed already. */
function withWhatTheyRead(
  run: ProbeRun,
  queries: readonly QueryObject[],
  all: readonly QueryObject[],
): readonly QueryObject[] {
  const byKey = new Map(all.map((query) => [keyOf(query.object.id), query]))
  const needed = new Set(queries)
  for (const { reads } of needed) {
    for (const key of reads) {
      const read = byKey.get(key)
      if (read && isNewOrReshaped(run, key, queries)) needed.add(read)
    }
  }
  return all.filter((query) => needed.has(query))
}

async function createUnderOwnNames(
  run: ProbeRun,
  objects: readonly DeclaredObject[],
): Promise<readonly DeclaredObject[]> {
  await createNamesakes(run, objects)
  const units = objects.flatMap((object) => underOwnName(run, object))
  for (const { object, id } of units) {
    if (!('schema' in object.id && 'schema' in id)) continue
    run.ownNames.add(relationKey(object.id.schema, object.id.name))
    run.standIns.set(keyOf(object.id), id)
    for (const name of byName(object.id)?.namesWithin?.(object.spec) ?? []) {
      run.ownNames.add(relationKey(object.id.schema, name))
      run.standIns.set(keyOf({ ...object.id, name }), { ...id, name })
    }
    for (const name of byName(object.id)?.functionsWithin?.(object.id, object.spec) ?? []) {
      run.ownFunctions.add(relationKey(object.id.schema, name))
    }
  }
  const created = await createOrBisect(run, units)
  for (const { object } of units) if (!created.includes(object)) run.standIns.delete(keyOf(object.id))
  for (const { id } of created) run.underOwnNames.add(keyOf(id))
  return created
}

function underOwnName(run: ProbeRun, object: DeclaredObject) {
  const { probe } = kindOf(object.id)
  const schema = run.namesakes.get(namespaceOf(object.id) ?? '')
  if (probe.how !== 'read-back' || schema === undefined || !('name' in object.id)) return []
  const wanted = run.wanted.get(keyOf(object.id))
  const spec = wanted && probe.withoutParents ? probe.withoutParents(object.spec, wanted.spec) : object.spec
  const scratch = { schema, name: object.id.name }
  const standIn = probe.standIn({ ...object, spec }, scratch, (id: ObjectId) => run.standIns.get(keyOf(id)) ?? id)
  return [{ ...unitOf({ ...object, spec }, standIn), object, id: standIn.id }]
}
