// Verifies before COMMIT, inside the transaction, that the catalog is as planned. An apply that would not converge is
// rolled back.

import { setTimeout as wait } from 'node:timers/promises'
import type { LiveState, WantedObject } from '../core/change.ts'
import { FdwsyncError } from '../core/errors.ts'
import { ignoredOf, isIgnoredField } from '../core/ignored.ts'
import { keyOf } from '../core/object.ts'
import type { Session } from '../db/session.ts'
import { createRunDigests, type RunDigests } from '../introspector/digests.ts'
import { readCatalog } from '../introspector/read-catalog.ts'
import { kindOf, titleOf } from '../kinds/registry.ts'
import type { PlanInHand } from '../planner/plan-in-hand.ts'
import type { ExpectedResult } from './expected-result.ts'
import { type Created, requireKnownCode } from './require-known-code.ts'

/** How often, and at which intervals, a locked object is re-read. */
const readings = 40
const pauseMilliseconds = 50

/**
 * Reads the catalog once more and compares it with what is expected. Views that are not loaded yet are accepted: that is a later
 * stage.
 * @param checked the OIDs of objects that are known to use only code that the plan has shown
 * @returns what was read
 * @throws FdwsyncError naming every difference; then the transaction must be rolled back
 */
export async function verify(
  session: Session,
  { managed, unmanaged, absent }: ExpectedResult,
  inHand: PlanInHand,
  checked: ReadonlySet<number>,
): Promise<LiveState> {
  const digests = createRunDigests(inHand.salt)
  const declared = managed.map((object) => object.wanted)
  const wanted = [...declared, ...unmanaged]
  for (let attempt = 1; ; attempt++) {
    const { live } = await readCatalog(
      session,
      [...wanted, ...absent].map(({ id }) => id),
      digests.salt,
    )
    // A planted function also causes other differences, so this check comes first.
    if (attempt === 1)
      await requireKnownCode(
        session,
        declared.flatMap((each) => createdOf(each, live)).filter(({ oid }) => !checked.has(oid)),
        inHand,
      )
    const different = wanted.flatMap((object) => differences(object, live, digests))
    const problems = [
      ...different.map(({ text }) => text),
      ...absent.flatMap(({ id, oid }) => (live.get(keyOf(id))?.oid === oid ? [`${titleOf(id)} still exists`] : [])),
    ]
    if (problems.length === 0) return live
    // The definition of a locked object is not read. The lock may be short: another step of this apply, for example,
    // swaps an index of a view that this object reads.
    const isUnread = different.some(({ locked }) => locked)
    if (!isUnread || attempt === readings) throw notConverged(problems)
    await wait(pauseMilliseconds)
  }
}

function createdOf(wanted: WantedObject, live: LiveState): readonly Created[] {
  const found = live.get(keyOf(wanted.id))
  return found && kindOf(wanted.id).probe.how === 'read-back'
    ? [{ wanted, catalog: found.catalog, oid: found.oid }]
    : []
}

function notConverged(problems: readonly string[]): FdwsyncError {
  return new FdwsyncError({
    code: 'plan/not-converged',
    message: `the result is not as planned, so nothing was committed: ${problems.join('; ')}`,
    hint: 'Something on the server changes what fdwsync creates, an event trigger for example. If not, please report this bug.',
  })
}

export function isNotConverged(error: unknown): boolean {
  return error instanceof FdwsyncError && error.problems.some(({ code }) => code === 'plan/not-converged')
}

interface Difference {
  readonly text: string
  readonly locked: boolean
}

function differences(object: WantedObject, live: LiveState, digests: RunDigests): readonly Difference[] {
  const found = live.get(keyOf(object.id))
  if (!found) return [{ text: `${titleOf(object.id)} does not exist`, locked: false }]
  const ignored = ignoredOf(object.written)
  return kindOf(object.id)
    .compare(object.id, found.spec, object.spec, { declared: object.declared, last: undefined, digests })
    .filter(({ effect, field }) => effect.how !== 'populate' && !isIgnoredField(object.id.kind, field, ignored))
    .map(({ field, from, to }) => ({
      text: `${titleOf(object.id)}: ${field} is ${from ?? 'absent'} instead of ${to ?? 'absent'}`,
      locked: found.locked,
    }))
}
