import type { DeclaredObject, LiveObject } from '../core/change.ts'
import { keyOf } from '../core/object.ts'
import { join, trusted } from '../core/sql.ts'
import type { LikeLive } from '../kinds/kind.ts'
import { kindOf } from '../kinds/registry.ts'
import type { ProbeRun } from './probe.ts'
import { readCatalog } from './read.ts'

/** Reads a stand-in once more, made like the live one, where its kind wants that. */
export async function readAlike(
  { session, input }: ProbeRun,
  { id }: DeclaredObject,
  standIn: LiveObject,
): Promise<LikeLive<unknown> | undefined> {
  const { probe: how } = kindOf(id)
  const live = input.reading.live.get(keyOf(id))?.spec
  if (how.how !== 'read-back' || live === undefined) return undefined
  const statements = how.alike?.(standIn.id, standIn.spec, live) ?? []
  if (statements.length === 0) return undefined
  const all = statements.map((statement) => statement.sql)
  await session.run(join([trusted('SAVEPOINT alike'), ...all], ';\n'))
  const again = (await readCatalog(session, [standIn.id], input.digests.salt)).live.get(keyOf(standIn.id))
  await session.run(trusted('ROLLBACK TO alike'))
  return again && { live, read: again.spec }
}
