// Creates stand-ins of declared objects under scratch names, and reads them back.

import type { DeclaredObject } from '../core/change.ts'
import { missingStandIn } from '../core/finding.ts'
import { type Key, keyOf } from '../core/object.ts'
import { trusted } from '../core/sql.ts'
import { kindOf, titleOf } from '../kinds/registry.ts'
import { createOrBisect, isRejected, withNeeded } from './attempt.ts'
import { recordCode } from './code.ts'
import { deparseTwice } from './deparse-again.ts'
import { unlikeLiveFinding } from './findings.ts'
import { readScratch } from './namesakes.ts'
import { isUnchanged, recordAsLive } from './proven.ts'
import { readMatchedToLive, renamesToCurrent } from './read-like-live.ts'
import { noteReferencesToLive } from './references.ts'
import { differs, isKnown, type ProbeRun, recordWanted } from './run.ts'
import { unitOf } from './unit.ts'

/** Creates stand-ins under scratch names. Returns the objects for which that succeeded. */
export async function createStandIns(
  run: ProbeRun,
  objects: readonly DeclaredObject[],
): Promise<readonly DeclaredObject[]> {
  const units = objects.flatMap((object) => {
    const { probe: how } = kindOf(object.id)
    if (how.how === 'by-name' || how.how === 'none') return []
    const scratch = { schema: run.scratchSchema, name: `${run.scratchSchema}_s${run.names++}` }
    const standIn = how.standIn(object, scratch, (id) => run.standIns.get(keyOf(id)) ?? id)
    run.standIns.set(keyOf(object.id), standIn.id)
    return [unitOf(object, standIn)]
  })
  const created = [...(await createOrBisect(run, units))]
  const failed: DeclaredObject[] = []
  for (const { object } of units) {
    if (created.includes(object)) continue
    if (await createWithoutUnchangedOptions(run, object)) created.push(object)
    else failed.push(object)
  }
  for (const object of failed) {
    run.standIns.delete(keyOf(object.id))
    if (!warnIfAlterable(run, object)) await excuseIfLiveFailsToo(run, object)
  }
  return created
}

/** An existing object need not be creatable any more: a validator can have become stricter, for example. */
async function createWithoutUnchangedOptions(run: ProbeRun, object: DeclaredObject): Promise<boolean> {
  const key = keyOf(object.id)
  const live = run.input.reading.live.get(key)
  const { probe: how } = kindOf(object.id)
  const at = run.findings.findIndex((finding) => finding.key === key && finding.status === 'problem')
  if (how.how !== 'read-back' || !how.withoutUnchangedOptions || !live || at < 0) return false
  const spec = how.withoutUnchangedOptions(object.spec, live.spec)
  const scratch = { schema: run.scratchSchema, name: `${run.scratchSchema}_s${run.names++}` }
  const standIn = how.standIn({ ...object, spec }, scratch, (id) => run.standIns.get(keyOf(id)) ?? id)
  const unit = unitOf(object, standIn)
  if (await isRejected(run, unit)) return false
  run.findings.splice(at, 1)
  run.standIns.set(key, standIn.id)
  return (await createOrBisect(run, [unit])).length > 0
}

/**
 * Whoever may alter an object need not be able to create another one, and an object that PostgreSQL shows as it is declared is
 * known without a stand-in. Its options, and those of what needs it, are checked when they are applied.
 */
function warnIfAlterable(run: ProbeRun, { id }: DeclaredObject): boolean {
  const key = keyOf(id)
  const at = run.findings.findIndex((finding) => finding.key === key && finding.code === 'object/not-probed')
  const finding = run.findings[at]
  if (!finding || kindOf(id).probe.how !== 'checked' || !run.input.reading.live.has(key)) return false
  run.findings.splice(at, 1)
  const { code, reason, hint } = finding
  const title = titleOf(id)
  run.warnings.push({ code, key, title, message: `${title}: ${reason}`, ...(hint === '' ? {} : { hint }) })
  return true
}

/**
 * If the live object fails as well, its declaration is not to blame: an object that is as declared is left alone, unless it has to be
 * recreated, and one that differs is undetermined.
 */
async function excuseIfLiveFailsToo(run: ProbeRun, object: DeclaredObject): Promise<void> {
  const key = keyOf(object.id)
  const live = run.input.reading.live.get(key)
  const { probe: how, query } = kindOf(object.id)
  const at = run.findings.findIndex((finding) => finding.key === key && finding.status === 'problem')
  const finding = run.findings[at]
  if (how.how === 'by-name' || how.how === 'none' || query || !live || !finding) return
  // Its columns have their new names here, but its expressions name those that exist.
  if (live.renamedColumns) return
  const scratch = { schema: run.scratchSchema, name: `${run.scratchSchema}_s${run.names++}` }
  const standIn = how.standIn({ ...object, spec: live.spec }, scratch, (id) => run.standIns.get(keyOf(id)) ?? id)
  const unit = unitOf({ ...object, spec: live.spec }, standIn)
  const isAsDeclared = isUnchanged(run, object, live) || !differs(run, object, live)
  // Without its secrets, the live object would be rejected just because they are missing.
  if (unit.withSecrets ? !isAsDeclared : !(await isRejected(run, unit))) return
  run.notCreatable.set(key, finding.reason)
  run.findings.splice(at, 1, ...(isAsDeclared ? [] : [unlikeLiveFinding(key, finding.reason)]))
  if (!isAsDeclared) run.wanted.delete(key)
  else if (how.how === 'read-back') recordAsLive(run, object, live)
}

/** The server's lock table is finite. After this many objects a rollback releases their locks. */
export const batchSize = 250

/** Probes objects under scratch names. */
export async function probeInScratch(run: ProbeRun, objects: readonly DeclaredObject[]): Promise<void> {
  const byKey = new Map(objects.map((object) => [keyOf(object.id), object]))
  for (let start = 0; start < objects.length; start += batchSize) {
    await run.session.run(trusted('SAVEPOINT batch'))
    const before = new Set(run.standIns.keys())
    const created = await createStandIns(run, withNeeded(objects.slice(start, start + batchSize), byKey))
    await readStandIns(run, created)
    await run.session.run(trusted('ROLLBACK TO batch'))
    for (const key of [...run.standIns.keys()]) if (!before.has(key)) run.standIns.delete(key)
  }
}

/** Reads stand-ins like live objects, and records the wanted specs. */
export async function readStandIns(run: ProbeRun, objects: readonly DeclaredObject[]): Promise<void> {
  const originals = new Map(objects.map((object) => [keyOf(run.standIns.get(keyOf(object.id)) ?? object.id), object]))
  const ids = objects.map((object) => run.standIns.get(keyOf(object.id)) ?? object.id)
  const live = await readScratch(run, ids)
  const standIns = [...live].flatMap(([key, read]) => {
    const object = originals.get(key)
    return object ? [{ object, read }] : []
  })
  await recordCode(run, standIns)
  const again = await deparseTwice(run, standIns)
  const referring = await noteReferencesToLive(run, objects)
  const renames = renamesToCurrent(run)
  for (const { object, read } of standIns) {
    const { probe: how } = kindOf(object.id)
    if (how.how !== 'read-back') continue
    const known = read.needs.filter((need) => isKnown(run, need))
    const wanted = how.wanted(
      read.spec,
      object.spec,
      await readMatchedToLive(run, object, read, renames),
      again.get(keyOf(object.id)),
    )
    if (!referring.has(keyOf(object.id))) recordWanted(run, object, wanted, known)
  }
  const isNoted = (key: Key) => run.wanted.has(key) || run.findings.some((finding) => finding.key === key)
  for (const key of objects.map(({ id }) => keyOf(id))) {
    if (!isNoted(key)) run.findings.push({ ...missingStandIn, key, status: 'undetermined' })
  }
}
