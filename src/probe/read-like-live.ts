// Reads a stand-in in the form of its live object, so that only real differences remain.

import type { DeclaredObject, LiveObject } from '../core/change.ts'
import { type Key, keyOf, namespaceOf, type ObjectId } from '../core/object.ts'
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
  const { probe: how, child } = kindOf(id)
  const key = keyOf(id)
  const live = liveOf(run, key)
  if (how.how !== 'read-back' || !live) return undefined
  const statements = [
    ...[...renames].flatMap(([other, rename]) => (other === key ? [] : rename)),
    ...columnsLikeLive(standIn.id, standIn.spec, live),
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
  return standIn && wanted && live ? columnsLikeLive(standIn, wanted.spec, live) : []
}

/** Names the columns of a stand-in with the spec `read` as those of its live object are named today. */
function columnsLikeLive(standIn: ObjectId, read: unknown, live: LiveObject): readonly Statement[] {
  const { probe: how, columns } = kindOf(standIn)
  const match = how.how === 'read-back' ? how.matchLive?.(standIn, read, live.spec) : undefined
  const isMatched = match !== undefined && columns?.(read).size === columns?.(live.spec).size
  return [...(match ?? []), ...columnsToCurrent(standIn, isMatched ? live.spec : read, live)]
}

/** `live` shows columns under the names that they will have. A stand-in with the spec `read` need not have all of them. */
function columnsToCurrent(standIn: ObjectId, read: unknown, { renamedColumns = new Map() }: LiveObject) {
  const { columns, renaming } = kindOf(standIn)
  const present = columns?.(read)
  const current = Array.from(renamedColumns, ([now, name]) => [name, now] as const).filter(([name]) =>
    present?.has(name),
  )
  return current.length === 0 ? [] : (renaming?.renameColumns?.(standIn, new Map(current)) ?? [])
}

function liveOf({ input, elsewhere }: ProbeRun, key: Key): LiveObject | undefined {
  return input.reading.live.get(key) ?? elsewhere.get(key)
}

function renameToCurrent(run: ProbeRun, key: Key): readonly Statement[] {
  const live = liveOf(run, key)
  if (!live) return []
  const { id, spec, elsewhere, isRenamedByManifest } = live
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
    ...columnsToCurrent(standIn, run.wanted.get(key)?.spec ?? wanted, live),
    ...(nameOfToday ? (renaming?.rename(standIn, nameOfToday) ?? []) : []),
  ]
}
