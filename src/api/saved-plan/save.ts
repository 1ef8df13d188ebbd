// Puts a plan into the form that can be saved, reviewed, and applied later exactly as it is.

import { randomUUID } from 'node:crypto'
import { canonicalJson } from '../../core/data.ts'
import { exitCode, FdwsyncError } from '../../core/errors.ts'
import { Secret } from '../../core/secret.ts'
import type { Session } from '../../db/session.ts'
import { slowDigest } from '../../introspector/digests.ts'
import type { ParsedManifest } from '../../manifest/manifest.ts'
import type { PlanInHand } from '../../planner/plan-in-hand.ts'
import { showReferences } from '../../planner/show-references.ts'
import { planJson } from '../../render/json/plan.ts'
import { newSavedPlan, type SavedManifest, type SavedOptions, type SavedPlan, type SavedText } from './document.ts'
import { readTargetIdentity } from './target.ts'

export interface PlanToSave {
  readonly parsed: ParsedManifest
  readonly manifest: SavedManifest
  readonly lock: SavedText | undefined
  readonly inHand: PlanInHand
  readonly suffix: string
  readonly options: SavedOptions
  /** Which of several databases this is, in the words of the user. */
  readonly label: string | undefined
}

/** @throws FdwsyncError if the plan cannot be applied, or the file would contain a secret */
export async function savePlan(session: Session, toSave: PlanToSave): Promise<SavedPlan> {
  const { parsed, manifest, lock, inHand, suffix, options, label } = toSave
  const digest = requireNoSecret(parsed)
  return newSavedPlan({
    createdAt: new Date().toISOString(),
    apply: randomUUID(),
    suffix,
    target: await readTargetIdentity(session, label ?? parsed.manifest.target),
    options,
    fingerprint: savedFingerprintOf(inHand),
    manifest: { ...manifest, digest, references: referencesDigest(parsed) },
    lock: lock ?? null,
    plan: planJson(showReferences(inHand)),
  })
}

/** @returns the digest of the manifest. Only a manifest with a secret has none */
function requireNoSecret({ warnings, digest }: ParsedManifest): string {
  const found = warnings.find(({ code }) => code === 'manifest/plaintext-secret')
  if (!found && digest !== undefined) return digest
  const hint = 'Use ${env:NAME} or ${file:path} for it: references are resolved when the plan is applied.'
  throw new FdwsyncError(
    {
      ...found,
      code: 'secret/exposed',
      message: 'the plan cannot be saved: it would contain a secret in plain text',
      hint,
    },
    exitCode.refused,
  )
}

/** The saved plan shows references, so only this digest reveals that one of them resolves to another value now. */
function referencesDigest({ references }: ParsedManifest): string | null {
  return references.length === 0 ? null : slowDigest(referencesText(references), 'references')
}

export function referencesText(references: ParsedManifest['references']): Secret {
  return new Secret(canonicalJson(references))
}

export function savedFingerprintOf({ digestsToSave }: PlanInHand): SavedPlan['fingerprint'] {
  if (digestsToSave === undefined) throw new TypeError('only a plan with a suffix can be saved')
  return Object.fromEntries(digestsToSave)
}
