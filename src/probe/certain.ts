// Probes objects without a query. Some are certainly accepted by PostgreSQL and shown in a known form, such as foreign tables of
// postgres_fdw with built-in types alone. Of those on one server, only one is tried out, whether or not they exist already.

import type { DeclaredObject } from '../core/change.ts'
import { groupBy } from '../core/data.ts'
import { keyOf, type ObjectId } from '../core/object.ts'
import { readingPath } from '../introspector/transaction-settings.ts'
import type { Certain, CertainForm } from '../kinds/probing.ts'
import { kindOf } from '../kinds/registry.ts'
import { probeByRepresentatives } from './representatives.ts'
import type { ProbeRun } from './run.ts'

interface Candidate {
  readonly object: DeclaredObject
  readonly certain: Certain<unknown>
  readonly form: CertainForm<unknown>
}

export async function probeWithoutQuery(run: ProbeRun, objects: readonly DeclaredObject[]): Promise<void> {
  const groups = await certainGroups(run, objects)
  await probeByRepresentatives(
    run,
    objects,
    groups.map((group) => group.map(({ object, form }) => ({ object, shown: () => form.shown }))),
  )
}

/** The objects whose form is certain, in groups of which one is tried out. */
async function certainGroups(
  run: ProbeRun,
  objects: readonly DeclaredObject[],
): Promise<readonly (readonly Candidate[])[]> {
  // With pg_catalog in search_path, a name without a schema could find an unmanaged type.
  if (run.input.searchPath.includes('pg_catalog')) return []
  const groups: (readonly Candidate[])[] = []
  for (const [certain, ofKind] of groupBy(candidatesAmong(run, objects), (each) => each.certain)) {
    const byName = groupBy(ofKind, ({ form }) => nameInProbe(run, form.basis))
    // A group of one is tried out anyway.
    const names = [...byName].flatMap(([name, all]) => (all.length > 1 ? [name] : []))
    for (const name of await readBases(run, certain, names)) groups.push(byName.get(name) ?? [])
  }
  return groups
}

/** Objects that nothing else needs, whose own needs have not failed, and whose existing columns have their declared names. */
function candidatesAmong(run: ProbeRun, objects: readonly DeclaredObject[]): readonly Candidate[] {
  const { findings } = run
  const failed = new Set(findings.map(({ key }) => key))
  const needed = new Set(objects.flatMap(({ needs }) => needs))
  return objects.flatMap((object) => {
    const key = keyOf(object.id)
    const { probe: how } = kindOf(object.id)
    const certain = how.how === 'read-back' ? how.certain : undefined
    const hasOtherNames = run.input.reading.live.get(key)?.renamedColumns !== undefined || run.elsewhere.has(key)
    if (!certain || hasOtherNames || needed.has(key) || object.needs.some((need) => failed.has(need))) return []
    const form = certain.formOf(object.spec)
    return form ? [{ object, certain, form }] : []
  })
}

function nameInProbe(run: ProbeRun, basis: ObjectId): string {
  const id = run.standIns.get(keyOf(basis)) ?? basis
  return 'name' in id ? id.name : ''
}

async function readBases(
  { session }: ProbeRun,
  { basesQuery }: Certain<unknown>,
  names: readonly string[],
): Promise<readonly string[]> {
  if (names.length === 0) return []
  await session.run(readingPath)
  const rows = await session.query<{ name: string }>(basesQuery, [names])
  return rows.map(({ name }) => name)
}
