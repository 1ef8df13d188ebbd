// Digests of everything that the meaning of unchanged objects depends on: those that are as recorded need no probe, and those that
// the probe has proven are recorded for the next plan.

import type { Change, WantedObject } from '../core/change.ts'
import type { Key } from '../core/object.ts'
import { trusted } from '../core/sql.ts'
import { begin } from '../db/transaction.ts'
import { type DependencyDigests, readDependencyDigests } from '../introspector/dependency-digests.ts'
import type { Ledger } from '../ledger/read.ts'
import { unchangedSince } from '../probe/proven.ts'
import type { PlanContext } from './context.ts'

/** Reads them for the objects that are as they were when they were last proven. */
export async function readDigestsOfUnchanged({
  session,
  searchPath,
  declared,
  target,
}: PlanContext): Promise<DependencyDigests> {
  const objects = unchangedSince(declared, target.catalog.live, target.ledger)
  if (objects.length === 0) return new Map()
  await begin(session, { readOnly: true })
  try {
    return await readDependencyDigests(session, searchPath, objects)
  } finally {
    if (!session.isLost()) await session.run(trusted('ROLLBACK'))
  }
}

/** The digests of what was probed although the ledger has an entry for it, and is to stay as it is. */
export function newlyProven(
  dependencyDigests: DependencyDigests,
  wanted: ReadonlyMap<Key, WantedObject>,
  changes: readonly Change[],
  ledger: Ledger,
): DependencyDigests {
  const changed = new Set(changes.map(({ key }) => key))
  return new Map(
    [...dependencyDigests].filter(
      ([key, digest]) => wanted.has(key) && !changed.has(key) && ledger.entries.get(key)?.dependencyDigest !== digest,
    ),
  )
}
