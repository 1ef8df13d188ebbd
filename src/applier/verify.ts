import { setTimeout as wait } from 'node:timers/promises'
import type { LiveState, WantedObject } from '../core/change.ts'
import { FdwsyncError } from '../core/errors.ts'
import { keyOf, type ObjectId } from '../core/object.ts'
import type { Session } from '../db/session.ts'
import type { RunDigests } from '../introspector/digests.ts'
import { readCatalog } from '../introspector/read-catalog.ts'
import { kindOf, titleOf } from '../kinds/registry.ts'

/** So often, and so far apart, is read what another session has locked. */
const readings = 40
const pauseMilliseconds = 50

/**
 * Reads the catalog again inside the transaction and requires that what was just changed is as wanted, before COMMIT.
 * What is not filled yet is filled later. Returns what was read.
 * @throws FdwsyncError naming what did not converge; the transaction is to be rolled back.
 */
export async function verify(
  session: Session,
  wanted: readonly WantedObject[],
  gone: readonly ObjectId[],
  digests: RunDigests,
): Promise<LiveState> {
  for (let attempt = 1; ; attempt++) {
    const { live } = await readCatalog(session, [...wanted.map(({ id }) => id), ...gone], digests.salt)
    const different = wanted.flatMap((object) => differences(object, live, digests))
    const problems = [
      ...different.map(({ text }) => text),
      ...gone.filter((id) => live.has(keyOf(id))).map((id) => `${titleOf(id)} is still there`),
    ]
    if (problems.length === 0) return live
    // Its definition was left unread, for a moment perhaps: another step swaps an index of a view that this one reads.
    const isUnread = different.some(({ locked }) => locked)
    if (!isUnread || attempt === readings) throw unlikePlanned(problems)
    await wait(pauseMilliseconds)
  }
}

function unlikePlanned(problems: readonly string[]): FdwsyncError {
  return new FdwsyncError({
    code: 'plan/not-converged',
    message: `the result would not be as planned, so nothing of it was committed: ${problems.join('; ')}`,
    hint: 'Something on the server changes what fdwsync makes, an event trigger for instance; else this is a bug: please report it.',
  })
}

interface Difference {
  readonly text: string
  readonly locked: boolean
}

function differences(object: WantedObject, live: LiveState, digests: RunDigests): readonly Difference[] {
  const found = live.get(keyOf(object.id))
  if (!found) return [{ text: `${titleOf(object.id)} is not there`, locked: false }]
  return kindOf(object.id)
    .compare(object.id, found.spec, object.spec, { declared: object.declared, last: undefined, digests })
    .filter(({ effect }) => effect.how !== 'populate')
    .map(({ field, from, to }) => ({
      text: `${titleOf(object.id)}: ${field} is ${from ?? 'absent'} instead of ${to ?? 'absent'}`,
      locked: found.locked,
    }))
}
