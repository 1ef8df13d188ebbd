// The file of a saved plan: its content, and which files this release applies.

import { canonicalJson, isMap } from '../../core/data.ts'
import { exitCode, FdwsyncError } from '../../core/errors.ts'
import { toolVersion } from '../../core/version.ts'
import { dataDigest } from '../../introspector/digests.ts'
import type { PlanDocument } from '../../render/json/documents.ts'
import { jsonText } from '../../render/json/json-text.ts'

/** A text that a plan was created from. */
export interface SavedText {
  /** The path as it was given, relative to the folder that the command ran in. */
  readonly path: string
  readonly text: string
}

/** The texts of a manifest, in the order in which they are put together, and the variables that were given. */
export interface SavedManifest {
  readonly files: readonly SavedText[]
  readonly variables: Readonly<Record<string, string>>
}

/** What `plan --out` writes: `schemas/saved-plan.schema.json`. It has references in the place of secrets. */
export interface SavedPlan {
  readonly format: typeof format
  readonly fdwsync: string
  readonly createdAt: string
  /** The id that the apply will have in the ledger. */
  readonly apply: string
  /** The suffix of the temporary names in the statements. */
  readonly suffix: string
  readonly target: SavedTarget
  readonly options: SavedOptions
  /** A digest of each object of the target that the plan changes or needs, by address, the same for every role. */
  readonly fingerprint: Readonly<Record<string, string>>
  readonly manifest: SavedManifest & {
    /** The SHA-256 of its text, or of its texts and variables. */
    readonly digest: string
    /** A salted digest of the values of its references, except secrets; null if it has no references. */
    readonly references: string | null
  }
  readonly lock: SavedText | null
  /** As `plan --format json` prints it. */
  readonly plan: PlanDocument
}

/** The identity of a database. A physical copy differs only in its label. */
export interface SavedTarget {
  readonly label: string | null
  readonly database: string
  readonly databaseOid: number
  /** The identifier of the cluster; null if the role may not read it. */
  readonly systemIdentifier: string | null
}

export interface SavedOptions {
  /** The patterns of --only; empty for all. */
  readonly only: readonly string[]
  readonly populate: boolean
  readonly offline: boolean
  readonly takeOver: boolean
}

const format = 'fdwsync.saved-plan/1'
type SavedPlanFile = SavedPlan & { readonly digest: string }

export const newSavedPlan = (content: Omit<SavedPlan, 'format' | 'fdwsync'>): SavedPlan => ({
  format,
  fdwsync: toolVersion,
  ...content,
})

export function savedPlanText(saved: SavedPlan): string {
  const file: SavedPlanFile = { ...saved, digest: dataDigest(saved) }
  return jsonText(file)
}

/**
 * @param path its name in messages
 * @throws FdwsyncError (`exitCode.refused`) unless this release has written the file, just as it is
 */
export function parseSavedPlan(path: string, text: string): SavedPlan {
  const data = parsedJson(path, text)
  const { format: found, fdwsync: version } = data
  if (typeof found !== 'string' || !found.startsWith('fdwsync.saved-plan/')) {
    throw invalid(
      path,
      'it is no saved plan',
      'fdwsync plan --out FILE writes one. A manifest is applied with -f FILE.',
    )
  }
  if (found !== format) throw invalid(path, `this release does not know its format, ${found}`, planAgain)
  if (version !== toolVersion) {
    const hint = `Use that version, or plan again. This is fdwsync ${toolVersion}.`
    throw invalid(path, `it was saved by fdwsync ${String(version)}`, hint)
  }
  const { digest, ...content } = data
  if (digest !== dataDigest(content)) throw invalid(path, 'it was edited after it was saved', planAgain)
  if (!isSavedPlan(content)) throw invalid(path, 'its content is incomplete', planAgain)
  return content
}

const planAgain = 'Plan again.'

function invalid(path: string, reason: string, hint: string): FdwsyncError {
  const message = `${path} cannot be used: ${reason}`
  return new FdwsyncError({ code: 'plan/invalid-file', message, hint }, exitCode.refused)
}

function parsedJson(path: string, text: string): Readonly<Record<string, unknown>> {
  try {
    const data: unknown = JSON.parse(text)
    if (isMap(data)) return data
  } catch {
    // A file that was cut off, or that is no JSON at all.
    if (text.trimStart().startsWith('{')) throw invalid(path, 'it is not valid JSON, perhaps cut off', planAgain)
  }
  throw invalid(path, 'it is no saved plan', 'fdwsync plan --out FILE writes one. A manifest is applied with -f FILE.')
}

/** A file with the right digest can still be forged. Only what applying needs is checked. */
function isSavedPlan(data: object): data is SavedPlan {
  const { apply, suffix, target, options, fingerprint, manifest, lock, plan } = data as Readonly<
    Record<string, unknown>
  >
  return (
    typeof apply === 'string' &&
    /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(apply) &&
    typeof suffix === 'string' &&
    /^[0-9a-f]{12}$/.test(suffix) &&
    isMap(target) &&
    isMap(options) &&
    isMap(fingerprint) &&
    isManifest(manifest) &&
    (lock === null || isText(lock)) &&
    isMap(plan) &&
    [plan.changes, plan.steps, plan.refusals, plan.undetermined, plan.warningDetails].every(Array.isArray)
  )
}

function isManifest(value: unknown): value is SavedManifest {
  if (!isMap(value) || !Array.isArray(value.files) || !isMap(value.variables)) return false
  const values = Object.values(value.variables)
  return value.files.length > 0 && value.files.every(isText) && values.every((each) => typeof each === 'string')
}

function isText(value: unknown): value is SavedText {
  return isMap(value) && typeof value.path === 'string' && typeof value.text === 'string'
}

/**
 * The titles of the changes and steps that are not the same in both plans. How much data a replacement reloads is ignored: it is an
 * estimate that changes by itself.
 */
export function differencesOf(saved: PlanDocument, now: PlanDocument): readonly string[] {
  const parts = (plan: PlanDocument) =>
    new Map<string, readonly [title: string, text: string]>([
      ...plan.changes.map(
        ({ predecessor, place: _, ...change }) =>
          [
            canonicalJson([change.op, change.address, change.title]),
            [change.title, canonicalJson([change, predecessor?.keeps, predecessor?.loses])],
          ] as const,
      ),
      ...plan.steps.map((step) => [`step ${step.id}`, [step.title, canonicalJson(step)]] as const),
    ])
  const [before, after] = [parts(saved), parts(now)]
  const differing = [...new Set([...before.keys(), ...after.keys()])].flatMap((key) => {
    const [one, other] = [before.get(key), after.get(key)]
    return one?.[1] === other?.[1] ? [] : [(one ?? other)?.[0] ?? '']
  })
  return [...new Set(differing)]
}
