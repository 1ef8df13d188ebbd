import type { DeclaredObject, LiveObject } from '../core/change.ts'
import { type Key, keyOf, namespaceOf } from '../core/object.ts'
import { join, type Statement, trusted } from '../core/sql.ts'
import { readCatalog } from '../introspector/read-catalog.ts'
import type { MatchedToLive } from '../kinds/kind.ts'
import { kindOf } from '../kinds/registry.ts'
import type { ProbeRun } from './run.ts'

/**
 * Reads a stand-in once more, made like the live one: where its kind wants that, and where the manifest renames something,
 * whose names stand in the texts of what uses it.
 */
export async function readMatchedToLive(
  run: ProbeRun,
  { id }: DeclaredObject,
  standIn: LiveObject,
): Promise<MatchedToLive<unknown> | undefined> {
  const { probe: how, renaming } = kindOf(id)
  const key = keyOf(id)
  const live = liveOf(run, key)
  if (how.how !== 'read-back' || !live) return undefined
  const statements = [
    ...[...run.underRealNames].flatMap((other) => (other === key ? [] : underNameOfToday(run, other))),
    ...(live.renamedColumns ? (renaming?.renameColumns?.(standIn.id, inverse(live.renamedColumns)) ?? []) : []),
    ...(how.matchLive?.(standIn.id, standIn.spec, live.spec) ?? []),
  ]
  if (statements.length === 0) return undefined
  const { session, input } = run
  const all = statements.map((statement) => statement.sql)
  await session.run(join([trusted('SAVEPOINT alike'), ...all], ';\n'))
  const again = (await readCatalog(session, [standIn.id], input.digests.salt)).live.get(keyOf(standIn.id))
  await session.run(trusted('ROLLBACK TO alike'))
  return again && { live: live.spec, read: again.spec }
}

function liveOf({ input, elsewhere }: ProbeRun, key: Key): LiveObject | undefined {
  return input.reading.live.get(key) ?? elsewhere.get(key)
}

/** What was made under the name that it will have gets, along with its columns, the one that the live one has. */
function underNameOfToday(run: ProbeRun, key: Key): readonly Statement[] {
  const live = liveOf(run, key)
  if (!live) return []
  const { id, elsewhere, isRenamedByManifest, renamedColumns } = live
  const { renaming } = kindOf(id)
  const isRenamed = isRenamedByManifest && elsewhere && namespaceOf(elsewhere) === namespaceOf(id)
  return [
    ...(renamedColumns ? (renaming?.renameColumns?.(id, inverse(renamedColumns)) ?? []) : []),
    ...(isRenamed ? (renaming?.rename(id, elsewhere) ?? []) : []),
  ]
}

function inverse(names: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map(Array.from(names, ([from, to]) => [to, from]))
}
