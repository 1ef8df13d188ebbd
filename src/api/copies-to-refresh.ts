// Finds the copies that a refresh is asked for: those of the manifest, by name, by age, or those without data.

import { exitCode, FdwsyncError } from '../core/errors.ts'
import { isStale, type RecordedFreshness } from '../core/freshness.ts'
import { type CopyId, isCopyId, type Key, keyOf } from '../core/object.ts'
import { defaultPolicy, type RefreshPolicy } from '../core/refresh-policy.ts'
import type { NotImported } from '../core/report.ts'
import type { Session } from '../db/session.ts'
import { noteLocked, readCatalog } from '../introspector/read-catalog.ts'
import { inSnapshot } from '../introspector/snapshot.ts'
import { readingPath } from '../introspector/transaction-settings.ts'
import { kindOf } from '../kinds/registry.ts'
import { readFreshness } from '../ledger/freshness.ts'
import { readNotImported } from '../ledger/not-imported.ts'
import { readPolicies } from '../ledger/policies.ts'
import { readLedger } from '../ledger/read.ts'
import { type RefreshRecording, recordingIn } from '../ledger/refresh-log.ts'
import { type FoundLedger, findLedger } from '../ledger/trust.ts'
import { readTargets, unknownOfLedger } from '../loader/copies.ts'
import { needsReads, selectCopies } from '../loader/select-copies.ts'
import { copiesIn } from '../manifest/copies.ts'
import { refreshPolicies } from '../manifest/expansion/refresh-policies.ts'
import type { Manifest, ParsedManifest } from '../manifest/manifest.ts'

/** `stale`: older than its policy allows. `unpopulated`: without data. */
export type CopyState = 'stale' | 'unpopulated'

export interface CopiesToRefresh {
  readonly ids: readonly CopyId[]
  readonly policies: ReadonlyMap<Key, RefreshPolicy>
  readonly recording: RefreshRecording
  /** What the last apply could not import, if all copies are requested. */
  readonly notImported: readonly NotImported[]
}

/**
 * @param names `orders`, `shop.*`, `orders+` with what reads it, `+orders` with what it reads. If there are none: all copies
 * @param only the states that copies have to be in; if there are none: any
 * @returns the copies, each with all others of its group, so that the group stays of one moment
 * @throws FdwsyncError if a name matches none of the copies, or their age is asked for and not known
 */
export async function copiesToRefresh(
  session: Session,
  parsed: ParsedManifest,
  names: readonly string[],
  only: readonly CopyState[],
): Promise<CopiesToRefresh> {
  const { copies, notImported } = await copiesOf(session, parsed)
  const named = copies.map((id) => ({ id, key: keyOf(id) }))
  const reads = needsReads(names) ? await readReads(session, copies) : new Map()
  const selected = selectCopies(named, names, reads)
  const ids = named.flatMap(({ id, key }) => (selected.has(key) ? [id] : []))
  const recorded = await readRecorded(session, copies, only.length > 0 ? ids : undefined)
  const { recording, policies = declaredPolicies(parsed.manifest) } = recorded
  if (only.length === 0) {
    const isAll = names.length === 0
    return { ids: withGroups(copies, selected, policies), policies, recording, notImported: isAll ? notImported : [] }
  }
  const stale = only.includes('stale') ? staleCopies(ids, policies, recorded) : []
  const unpopulated = only.includes('unpopulated') ? await readUnpopulated(session, ids, recorded) : []
  const asked = new Set([...stale, ...unpopulated])
  return { ids: withGroups(copies, asked, policies), policies, recording, notImported: [] }
}

function withGroups(
  copies: readonly CopyId[],
  asked: ReadonlySet<Key>,
  policies: ReadonlyMap<Key, RefreshPolicy>,
): readonly CopyId[] {
  const groupOf = (key: Key) => policies.get(key)?.group
  const groups = new Set(Array.from(asked, groupOf))
  return copies.filter((id) => {
    const group = groupOf(keyOf(id))
    return asked.has(keyOf(id)) || (group !== undefined && groups.has(group))
  })
}

interface Copies {
  readonly copies: readonly CopyId[]
  readonly notImported: readonly NotImported[]
}

/**
 * Copies that the manifest spells out, and those that its mirrors created when it was last applied.
 * @throws FdwsyncError if it has mirrors, and the ledger does not show what they created
 */
async function copiesOf(session: Session, parsed: ParsedManifest): Promise<Copies> {
  const { name, mirrors = {} } = parsed.manifest
  const spelled = declaredCopies(parsed)
  const schemas = new Set(Object.values(mirrors).map(({ schema }) => schema))
  if (schemas.size === 0) return { copies: spelled, notImported: [] }
  const { ledger, notImported } = await inSnapshot(session, async () => ({
    ledger: await readLedger(session, await findLedger(session), name, []),
    notImported: (await readNotImported(session)).get(name) ?? [],
  }))
  const { entries, unreadable } = ledger
  if (unreadable) {
    const message = `the copies of mirrors are unknown, because the ledger cannot be read: ${unreadable.message}`
    throw new FdwsyncError({ ...unreadable, message })
  }
  if (entries.size === 0) {
    const message = `the copies of mirrors are unknown, because the manifest "${name}" was never applied to this database`
    throw new FdwsyncError({ code: 'usage/unknown-name', message, hint: 'Run fdwsync apply first.' })
  }
  const copies = new Map(spelled.map((id) => [keyOf(id), id]))
  for (const { id } of entries.values()) {
    if (isCopyId(id) && schemas.has(id.schema)) copies.set(keyOf(id), id)
  }
  return { copies: [...copies.values()], notImported }
}

function declaredCopies({ manifest }: ParsedManifest): readonly CopyId[] {
  return copiesIn(manifest).map(({ id }) => id)
}

/**
 * The policies in the manifest, for a role that cannot read the ledger. Such a role cannot read either what `skip_if_same` returned
 * at the last refresh.
 */
function declaredPolicies(manifest: Manifest): ReadonlyMap<Key, RefreshPolicy> {
  return new Map(
    refreshPolicies(manifest).map(({ copy, policy: { skipIfSame: _, ...policy } }) => [keyOf(copy), policy]),
  )
}

/** What the ledger knows of copies. */
interface Recorded {
  readonly recording: RefreshRecording
  /** As they were last applied. Undefined if the ledger does not exist or cannot be read. */
  readonly policies?: ReadonlyMap<Key, RefreshPolicy>
  /** Also undefined if it was not requested. Copies that were never loaded are missing. */
  readonly freshness?: ReadonlyMap<Key, RecordedFreshness>
  readonly problem?: { readonly message: string; readonly hint: string }
}

/** @param ageOf the copies whose age is needed; undefined if it is not needed */
function readRecorded(
  session: Session,
  copies: readonly CopyId[],
  ageOf: readonly CopyId[] | undefined,
): Promise<Recorded> {
  return inSnapshot(session, async () => {
    const found = await findUsableLedger(session)
    const recording = await recordingIn(session, found)
    if (found.state === 'unreadable') return { recording, problem: found.problem }
    if (found.state !== 'ready') return { recording }
    const policies = await readPolicies(session, copies)
    if (!ageOf) return { recording, policies }
    await session.run(readingPath)
    await noteLocked(session)
    return { recording, policies, freshness: await readFreshness(session, ageOf.map(keyOf)) }
  })
}

/** A refresh needs no ledger, so an untrusted one is treated like one that cannot be read. */
async function findUsableLedger(session: Session): Promise<FoundLedger> {
  try {
    return await findLedger(session)
  } catch (error) {
    const [problem] = error instanceof FdwsyncError ? error.problems : []
    if (!problem) throw error
    return { state: 'unreadable', problem: { hint: '', ...problem } }
  }
}

function staleCopies(
  ids: readonly CopyId[],
  policies: ReadonlyMap<Key, RefreshPolicy>,
  { freshness, problem }: Recorded,
): readonly Key[] {
  if (!freshness) {
    const reason = problem?.message ?? 'no manifest was applied to this database'
    const message = `it is unknown which copies are stale: ${reason}`
    const hint = problem?.hint ?? 'Run fdwsync apply first.'
    throw new FdwsyncError({ code: 'ledger/unreadable', message, hint }, exitCode.undetermined)
  }
  return ids.map(keyOf).filter((key) => isStale(policies.get(key) ?? defaultPolicy, freshness.get(key)))
}

async function readUnpopulated(
  session: Session,
  ids: readonly CopyId[],
  { freshness }: Recorded,
): Promise<readonly Key[]> {
  const { live } = await inSnapshot(session, () => readCatalog(session, ids, ''))
  const isEmpty = (key: Key) => {
    const object = live.get(key)
    if (object === undefined || freshness?.get(key)?.isEmptied) return true
    return kindOf(object.id).data?.isPopulated(object.spec) === false
  }
  return ids.map(keyOf).filter(isEmpty)
}

async function readReads(session: Session, ids: readonly CopyId[]): Promise<ReadonlyMap<Key, readonly Key[]>> {
  const targets = await readTargets(session, ids, async () => unknownOfLedger)
  return new Map(targets.map(({ key, reads }) => [key, reads]))
}
