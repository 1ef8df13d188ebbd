// Reads a stand-in in the form of its live object, so that only real differences remain.

import type { DeclaredObject, LiveObject } from '../core/change.ts'
import { type Key, keyOf, namespaceOf } from '../core/object.ts'
import { join, type Statement, trusted } from '../core/sql.ts'
import type { MatchedToLive } from '../kinds/probing.ts'
import { kindOf } from '../kinds/registry.ts'
import { byName } from './found-by-name.ts'
import { readScratch } from './namesakes.ts'
import type { ProbeRun } from './run.ts'

/** Statements that give each object that was created under its declared name the current names of the live object. */
export type RenamesToCurrent = ReadonlyMap<Key, readonly Statement[]>

/** Only for objects that have other names at present. */
export function renamesToCurrent(run: ProbeRun): RenamesToCurrent {
  return new Map(
    [...run.underOwnNames].flatMap((key) => {
      const statements = renameToCurrent(run, key)
      return statements.length === 0 ? [] : [[key, statements]]
    }),
  )
}

/**
 * Reads a stand-in again after altering it to match the live object. It does so if the kind requires it, or if the manifest
 * renames something, since the old names are in the deparsed text of whatever uses it.
 */
export async function readMatchedToLive(
  run: ProbeRun,
  { id, spec }: DeclaredObject,
  standIn: LiveObject,
  renames: RenamesToCurrent,
): Promise<MatchedToLive<unknown> | undefined> {
  const { probe: how, renaming, child } = kindOf(id)
  const key = keyOf(id)
  const live = liveOf(run, key)
  if (how.how !== 'read-back' || !live) return undefined
  const statements = [
    ...[...renames].flatMap(([other, rename]) => (other === key ? [] : rename)),
    ...(live.renamedColumns ? (renaming?.renameColumns?.(standIn.id, inverse(live.renamedColumns)) ?? []) : []),
    ...(how.matchLive?.(standIn.id, standIn.spec, live.spec) ?? []),
    ...(child ? matchParent(run, child.parentOf(spec, id)) : []),
  ]
  if (statements.length === 0) return undefined
  const { session } = run
  const all = statements.map((statement) => statement.sql)
  await session.run(join([trusted('SAVEPOINT match'), ...all], ';\n'))
  const again = (await readScratch(run, [standIn.id])).get(keyOf(standIn.id))
  await session.run(trusted('ROLLBACK TO match'))
  return again && { live: live.spec, read: again.spec }
}

/** Expressions of a child contain the names of its parent's columns. */
function matchParent(run: ProbeRun, key: Key): readonly Statement[] {
  const [standIn, wanted, live] = [run.standIns.get(key), run.wanted.get(key), liveOf(run, key)]
  const how = standIn && kindOf(standIn).probe
  if (!standIn || !wanted || !live || how?.how !== 'read-back') return []
  return how.matchLive?.(standIn, wanted.spec, live.spec) ?? []
}

function liveOf({ input, elsewhere }: ProbeRun, key: Key): LiveObject | undefined {
  return input.reading.live.get(key) ?? elsewhere.get(key)
}

function renameToCurrent(run: ProbeRun, key: Key): readonly Statement[] {
  const live = liveOf(run, key)
  if (!live) return []
  const { id, spec, elsewhere, isRenamedByManifest, renamedColumns } = live
  const { renaming } = kindOf(id)
  const standIn = run.standIns.get(key) ?? id
  const isRenamed = isRenamedByManifest && elsewhere && namespaceOf(elsewhere) === namespaceOf(id)
  const nameOfToday = isRenamed && 'schema' in standIn ? { ...elsewhere, schema: standIn.schema } : undefined
  const wanted = run.settled.get(key)?.spec
  const schema = run.namesakes.get(namespaceOf(id) ?? '')
  const renamedWithin =
    wanted === undefined || schema === undefined || !('schema' in id)
      ? undefined
      : byName(id)?.renameWithin?.({ ...id, schema }, wanted, spec)
  return [
    ...(renamedWithin ?? []),
    ...(renamedColumns ? (renaming?.renameColumns?.(standIn, inverse(renamedColumns)) ?? []) : []),
    ...(nameOfToday ? (renaming?.rename(standIn, nameOfToday) ?? []) : []),
  ]
}

function inverse(names: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map(Array.from(names, ([from, to]) => [to, from]))
}
