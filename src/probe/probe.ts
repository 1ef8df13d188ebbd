// The probe: creates what a manifest declares in a transaction that is rolled back, and reads it back, so that declared and
// live objects can be compared in PostgreSQL's own form.

import type { DeclaredObject } from '../core/change.ts'
import { lockedFinding } from '../core/finding.ts'
import type { ObjectNotice } from '../core/notice.ts'
import { idOf, type Key, keyOf, type ObjectId } from '../core/object.ts'
import { ident, sql, trusted } from '../core/sql.ts'
import { withDeadline } from '../db/cancellation.ts'
import { type DatabaseError, isDatabaseError, isTransient } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import { beginStatement, planLimits } from '../db/transaction.ts'
import { adviceOnEventTriggers, isRaisedByEventTrigger } from '../introspector/event-triggers.ts'
import { kindOf, titleOf } from '../kinds/registry.ts'
import { createByName } from './by-name.ts'
import { probeWithoutQuery } from './certain.ts'
import { followFailedTypes } from './failed-types.ts'
import { recordUnchecked, unresolvedFinding } from './findings.ts'
import { altersTypes, createTypes } from './own-names.ts'
import { isUnchanged, settleProven } from './proven.ts'
import { probeQueries } from './queries.ts'
import { findRowTypeUsers } from './row-type-users.ts'
import {
  differs,
  isKnown,
  lockTimeoutMilliseconds,
  newRun,
  type ProbeInput,
  type ProbeResult,
  type ProbeRun,
  recordWanted,
} from './run.ts'
import { suggestNames } from './similar-names.ts'
import { createStandIns } from './stand-ins.ts'
import { suggestExtensions } from './types-of-extensions.ts'

/** When to cancel a probe that hangs. Thousands of objects need more time. */
const deadlineMilliseconds = (objects: number) => 120_000 + 100 * objects
const attempts = 4

/**
 * Finds out how PostgreSQL stores the declared objects: the target serves as its own development database. It creates
 * them under scratch names in a transaction that is always rolled back, and reads them back like live objects. It takes
 * no lock on a live relation stronger than AccessShareLock.
 */
export async function probe(session: Session, input: ProbeInput): Promise<ProbeResult> {
  for (let attempt = 1; ; attempt++) {
    const run = newRun(session, input, false)
    const toProbe = settleWithoutProbe(run)
    if (toProbe.length === 0) return resultOf(run, input)
    try {
      await withDeadline(session, deadlineMilliseconds(toProbe.length), 'the probe', async () => {
        await probeIn(run, toProbe)
        if (run.needsFutureTypes && altersTypes(run)) await probeWithFutureTypes(run, input)
      })
      return resultOf(run, input)
    } catch (error) {
      // Another session is running DDL, or a probe of its own.
      if (attempt === attempts || !isTransient(error)) throw error
    } finally {
      if (!session.isLost()) await session.run(trusted('ROLLBACK'))
    }
  }
}

/**
 * Probes everything a second time, with the types as this plan alters them. Only what the first run could not determine is taken
 * from the second, since unmanaged objects use the live types, which do not work with those of the probe.
 */
async function probeWithFutureTypes(run: ProbeRun, input: ProbeInput): Promise<void> {
  await run.session.run(trusted('ROLLBACK'))
  const second = newRun(run.session, input, true)
  await probeIn(second, settleWithoutProbe(second))
  const isOpen = (key: Key) => !run.wanted.has(key)
  const findings = second.findings.filter(({ key }) => isOpen(key))
  run.findings.splice(0, run.findings.length, ...findings)
  for (const key of run.notCreatable.keys()) if (isOpen(key)) run.notCreatable.delete(key)
  for (const [key, reason] of second.notCreatable) if (isOpen(key)) run.notCreatable.set(key, reason)
  for (const [key, code] of second.code) if (isOpen(key)) run.code.set(key, code)
  for (const [key, wanted] of second.wanted) if (isOpen(key)) run.wanted.set(key, wanted)
}

function resultOf(run: ProbeRun, input: ProbeInput): ProbeResult {
  const { wanted, findings, code, notices, warnings, notCreatable } = run
  // A table that fails as a stand-in fails again under its real name. Only its first finding counts.
  const seen = new Set<Key>()
  const first = findings.filter(({ key }) => seen.size < seen.add(key).size)
  return {
    wanted,
    findings: first,
    code,
    notices,
    warnings,
    notCreatable,
    live: new Map([...input.reading.live, ...run.input.reading.live]),
  }
}

/** Determines what is wanted without the server, where possible. Returns the objects that must be probed. */
function settleWithoutProbe(run: ProbeRun): readonly DeclaredObject[] {
  const { reading, searchPath } = run.input
  const rest: DeclaredObject[] = []
  const proven = settleProven(run)
  for (const [key, object] of run.settled) {
    if (proven.has(key)) continue
    const unresolved = run.input.unresolved.get(key)
    if (unresolved) {
      run.findings.push(unresolvedFinding(key, unresolved))
      continue
    }
    const { probe: how } = kindOf(object.id)
    const live = reading.live.get(key)
    const current = live ?? run.elsewhere.get(key)
    if (reading.occupied.has(key)) continue
    if (how.how === 'none') recordWanted(run, object, object.spec)
    else if (how.how !== 'read-back') {
      recordWanted(run, object, object.spec)
      if (!live || differs(run, object, live)) rest.push(object)
    } else if (current?.locked) {
      const spec = how.wanted(current.spec, object.spec, undefined, undefined)
      // Its SQL is unchanged if its digest is. All else, such as a comment, can be read.
      if (isUnchanged(run, object, current) && !differs(run, { ...object, spec }, current))
        run.wanted.set(key, { ...current, declared: current.spec, written: object.written })
      else run.findings.push(lockedFinding(key))
    } else if (
      live &&
      how.isVerbatim?.(object.spec) &&
      !searchPath.includes('pg_catalog') &&
      !differs(run, object, live)
    ) {
      const known = live.needs.filter((need) => isKnown(run, need))
      recordWanted(run, object, object.spec, known)
    } else rest.push(object)
  }
  return rest
}

async function probeIn(run: ProbeRun, toProbe: readonly DeclaredObject[]): Promise<void> {
  if (!(await beginWithScratchSchema(run, toProbe))) return
  await createByName(run, toProbe)
  run.rowTypeUsers = await findRowTypeUsers(run, toProbe)
  await createTypes(run)
  await checkStandIns(run, toProbe)
  const readBack = toProbe.filter(({ id }) => kindOf(id).probe.how === 'read-back')
  const withoutQuery = readBack.filter(
    ({ id }) => !kindOf(id).query && !kindOf(id).child && !run.rowTypeUsers.has(keyOf(id)),
  )
  await probeWithoutQuery(run, withoutQuery)
  await probeQueries(run, readBack)
  recordUnchecked(run, readBack)
  followFailedTypes(run)
  await suggestNames(run)
  await suggestExtensions(run)
}

async function beginWithScratchSchema(run: ProbeRun, toProbe: readonly DeclaredObject[]): Promise<boolean> {
  const { session, scratchSchema } = run
  const mode = { lockTimeoutMilliseconds, limitMilliseconds: planLimits }
  await session.run(sql`${beginStatement(session.serverVersion, mode)}; SAVEPOINT scratch`)
  try {
    await session.run(sql`CREATE SCHEMA ${ident(scratchSchema)}`)
    return true
  } catch (error) {
    if (!isDatabaseError(error) || isTransient(error)) throw error
    await session.run(trusted('ROLLBACK TO scratch'))
    const reason = `it cannot be checked on the server: ${error.message}`
    const code = error.sqlstate === '25006' ? 'server/read-only' : 'object/not-probed'
    const hint = await adviceOnScratchSchema(session, error)
    for (const { id } of toProbe) {
      if (kindOf(id).probe.how !== 'read-back') continue
      run.findings.push({ code, key: keyOf(id), status: 'undetermined', reason, hint })
    }
    return false
  }
}

async function adviceOnScratchSchema(session: Session, error: DatabaseError): Promise<string> {
  if (error.sqlstate === '25006') {
    return 'The server is read-only (a standby, or default_transaction_read_only): plan against the primary.'
  }
  if (await isRaisedByEventTrigger(session, error)) return adviceOnEventTriggers
  return `Grant it: GRANT CREATE ON DATABASE ${ident(session.database)} TO ${ident(session.user)}.`
}

/** Creates stand-ins of servers and user mappings that are new or differ, so that the server validates their options. */
async function checkStandIns(run: ProbeRun, toProbe: readonly DeclaredObject[]): Promise<void> {
  for (const object of toProbe) {
    if (!isChecked(object.id)) continue
    const needed = object.needs.flatMap((need) => run.settled.get(need) ?? []).filter(({ id }) => isChecked(id))
    await createStandIns(
      run,
      needed.filter(({ id }) => !run.standIns.has(keyOf(id))),
    )
    // Without a stand-in of its server, the mapping would be created on the live one, where it may exist already.
    const isReady = object.needs.every((need) => run.standIns.has(need) || !isChecked(idOf(need)))
    if (!isReady || run.standIns.has(keyOf(object.id))) continue
    run.session.takeNotices()
    await createStandIns(run, [object])
    run.notices.push(...warningsAbout(run, object))
  }
}

/**
 * Warnings of the server and its wrapper. Reports of functions, such as event triggers, are left out: they concern the stand-in.
 */
function warningsAbout({ session }: ProbeRun, { id }: DeclaredObject): readonly ObjectNotice[] {
  const warnings = session.takeNotices().filter(({ severity, isOfFunction }) => severity === 'warning' && !isOfFunction)
  return warnings.map((notice) => ({ key: keyOf(id), title: titleOf(id), notice }))
}

function isChecked(id: ObjectId | undefined): boolean {
  return id !== undefined && kindOf(id).probe.how === 'checked'
}
