// What a plan finds out about unchanged objects and records, so that the next plan need not: digests of everything that their
// meaning depends on, and their canonical forms.

import type { Change, WantedObject } from '../../core/change.ts'
import { sameData } from '../../core/data.ts'
import type { Key } from '../../core/object.ts'
import { beginStatement, rolledBack } from '../../db/transaction.ts'
import { type DependencyDigests, readDependencyDigests } from '../../introspector/dependency-digests.ts'
import { canonicalOf } from '../../kinds/recorded.ts'
import { kindOf } from '../../kinds/registry.ts'
import type { Ledger } from '../../ledger/read.ts'
import { unchangedSince } from '../../probe/proven.ts'
import type { Comparison } from '../comparison.ts'
import type { PlanContext } from '../context.ts'

/** Reads them for the objects that are as they were when they were last proven. */
export async function readDigestsOfUnchanged({
  session,
  searchPath,
  declared,
  target,
}: PlanContext): Promise<DependencyDigests> {
  const objects = unchangedSince(declared, target.catalog.live, target.ledger)
  if (objects.length === 0) return new Map()
  return rolledBack(session, beginStatement(session.serverVersion, { readOnly: true }), () =>
    readDependencyDigests(session, searchPath, objects),
  )
}

/** The digests of objects that were probed, although they are in the ledger, and found unchanged. */
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

/** The canonical forms of unchanged objects for which the ledger has none, or has one from another search path. */
export function newCanonicalForms(
  { probed: { wanted, live } }: Comparison,
  changes: readonly Change[],
  { entries }: Ledger,
  searchPath: readonly string[],
): ReadonlyMap<Key, unknown> {
  const changed = new Set(changes.map(({ key }) => key))
  const forms = [...wanted].flatMap(([key, object]): readonly (readonly [Key, unknown])[] => {
    const [entry, found] = [entries.get(key), live.get(key)]
    const isKnown = entry?.hasCanonicalForm && sameData(entry.searchPath, searchPath)
    // The definition of a locked object was not read, and passwords are recorded by the apply that sets them.
    const isUnreadable = found === undefined || found.locked || kindOf(object.id).secrets?.hidden
    if (!entry || isKnown || isUnreadable || changed.has(key)) return []
    return [[key, canonicalOf(object, found, () => '')]]
  })
  return new Map(forms)
}
