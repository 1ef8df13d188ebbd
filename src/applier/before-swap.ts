// Finds out before a swap what is needed after it: from the swap until COMMIT, readers wait for each round trip.

import { currentIdOf } from '../core/change.ts'
import { inverse } from '../core/data.ts'
import { type Relation, relationKey } from '../core/object.ts'
import type { ReplaceStep } from '../core/plan.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { type DependencyDigests, readFutureDigests } from '../introspector/dependency-digests.ts'
import { kindOf } from '../kinds/registry.ts'
import type { PlanInHand } from '../planner/plan-in-hand.ts'
import type { ExpectedResult } from './expected-result.ts'
import { plannedReplacement } from './replace-members.ts'
import { type Created, requireKnownCode } from './require-known-code.ts'

export interface FoundBeforeSwap {
  /** The digests of all objects. Undefined if they have to be read after the swap. */
  readonly digests: DependencyDigests | undefined
  /** The OIDs of objects that are known to use only code that the plan has shown. */
  readonly checked: ReadonlySet<number>
}

export const nothingFound: FoundBeforeSwap = { digests: undefined, checked: new Set() }

/**
 * The successors are complete, in their scratch schemas, and the session is under `readingPath`.
 * @throws FdwsyncError with the exit code for a stale plan, if a successor uses code that the plan has not shown
 */
export async function findBeforeSwap(
  session: Session,
  { managed }: ExpectedResult,
  { members }: ReplaceStep,
  inHand: PlanInHand,
): Promise<FoundBeforeSwap> {
  const scratchOf = new Map<string, string>()
  const originals: number[] = []
  for (const { key, scratch } of members) {
    const { from, to, keptAs } = plannedReplacement(inHand, key).change
    const [before, after] = [currentIdOf(from), to.id]
    // The digest of a type depends on more than its name, and an object that gets its name only in the swap cannot be found before.
    const isMoved =
      'schema' in before &&
      'schema' in after &&
      relationKey(before.schema, before.name) === relationKey(after.schema, after.name)
    if (!isMoved || from.catalog !== 'pg_class' || keptAs || scratch === undefined) return nothingFound
    scratchOf.set(after.schema, scratch)
    originals.push(from.oid)
  }
  const oids = await readOids(session, [...scratchOf.values()])
  const created = managed.flatMap(({ wanted }): readonly Created[] => {
    const { id } = wanted
    const { catalog, probe } = kindOf(id)
    if (!('schema' in id) || catalog !== 'pg_class' || probe.how !== 'read-back') return []
    const oid = oids.get(relationKey(scratchOf.get(id.schema) ?? '', id.name))
    return oid === undefined ? [] : [{ wanted, catalog, oid }]
  })
  await requireKnownCode(session, created, inHand)
  const objects = managed.map(({ wanted: { id, declared } }) => ({ id, spec: declared }))
  const schemas = inverse(scratchOf)
  return {
    digests: await readFutureDigests(session, inHand.plan.searchPath, objects, { schemas, originals }),
    checked: new Set(created.map(({ oid }) => oid)),
  }
}

/** The OIDs, by `relationKey`. */
async function readOids(session: Session, schemas: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const rows = await session.query<Relation & { readonly oid: number }>(
    trusted(`SELECT n.nspname AS schema, c.relname AS name, c.oid
               FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY ($1::text[]::name[])`),
    [schemas],
  )
  return new Map(rows.map(({ schema, name, oid }) => [relationKey(schema, name), oid]))
}
