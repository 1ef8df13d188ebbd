// The fast path: plans that the ledger proves to be empty. A proof only decides what can be skipped. If anything differs from it,
// the manifest is planned in full.

import type { WantedObject } from '../../core/change.ts'
import { type Key, keyOf } from '../../core/object.ts'
import type { Plan, Warning } from '../../core/plan.ts'
import type { Session } from '../../db/session.ts'
import { diff } from '../../differ/diff.ts'
import { keepIgnored } from '../../differ/keep-ignored.ts'
import { createRunDigests, type RunDigests } from '../../introspector/digests.ts'
import { readCatalog } from '../../introspector/read-catalog.ts'
import { inSnapshot } from '../../introspector/snapshot.ts'
import { declaredKinds, kindOf } from '../../kinds/registry.ts'
import { digestedKinds, readCatalogState } from '../../ledger/catalog-state.ts'
import { type BriefProof, readProof } from '../../ledger/manifest-proof.ts'
import { readLedgerOf } from '../../ledger/read.ts'
import { type FoundLedger, findLedger } from '../../ledger/trust.ts'
import type { Manifest, ParsedManifest } from '../../manifest/manifest.ts'
import { digestOf, type ManifestTexts } from '../../manifest/texts.ts'
import { resolveReferences } from '../../manifest/yaml/references.ts'
import type { SourceFailure } from '../../sources/imports/answers.ts'
import type { SourceAccess } from '../../sources/imports/ask-sources.ts'
import type { PlanInHand } from '../plan-in-hand.ts'
import { isProvable } from './proof.ts'
import { markReported } from './reported-warnings.ts'

export interface FastPlan {
  /** Undefined if nothing proves that the manifest has nothing to do. */
  readonly inHand: PlanInHand | undefined
  /** Servers whose sources failed to answer, with their failures. */
  readonly unanswered: ReadonlyMap<string, SourceFailure>
}

/**
 * The empty plan of a manifest whose text, catalog and sources are as they were when a plan had nothing to do. One digest covers
 * all kinds that can have many objects. Kinds that may hold secrets or references, such as servers and user mappings, are compared
 * as in any other plan.
 */
export async function planFromProof(
  session: Session,
  manifest: ParsedManifest,
  sources: SourceAccess | undefined,
): Promise<FastPlan> {
  const { digest } = manifest
  const { name } = manifest.manifest
  const unproven = { inHand: undefined, unanswered: new Map() }
  if (digest === undefined || !isProvable(manifest)) return unproven
  const digests = createRunDigests()
  const found = await inSnapshot(session, async () => {
    const ledger = await findLedger(session)
    const proof = await readProof(session, ledger, digest)
    if (proof?.manifest !== name || (proof.sourceState !== null && !sources)) return undefined
    const inHand = await planIfUnchanged(session, { ledger, proof }, manifest.manifest, digests)
    return inHand && { proof, inHand }
  })
  if (!found) return unproven
  const { proof, inHand } = found
  if (proof.sourceState === null || !sources) return { ...unproven, inHand }
  // Sources are asked after the snapshot, since they can take long to answer. The code is loaded here, since most manifests import
  // nothing.
  const { readSourceState } = await import('../../sources/imports/ask-sources.ts')
  const { state, unanswered } = await readSourceState(session, manifest, digests, sources)
  return { unanswered, inHand: state === proof.sourceState ? inHand : undefined }
}

/** Without parsing it is unknown which file a reference is in, and so which folder its path is relative to. */
export function mayPlanWithoutParsing({ files: [{ references }, ...later] }: ManifestTexts): boolean {
  return references !== undefined && later.every((file) => file.references === references)
}

/**
 * Like {@link planFromProof}, but does not even parse the text: the ledger finds the proof by the digest of the text, and the proof
 * contains the part that has to be compared. Not possible for manifests that import.
 */
export function planWithoutParsing(session: Session, texts: ManifestTexts): Promise<PlanInHand | undefined> {
  const [{ references }] = texts.files
  if (references === undefined || !mayPlanWithoutParsing(texts)) return Promise.resolve(undefined)
  return inSnapshot(session, async () => {
    const ledger = await findLedger(session)
    const proof = await readProof(session, ledger, digestOf(texts))
    if (proof?.sourceState !== null) return undefined
    const { data, problems, references: found } = resolveReferences(proof.head, () => references)
    const manifest = data as Manifest // a part of a manifest that was validated when the proof was recorded
    const isSame = problems.length === 0 && manifest.name === proof.manifest
    const inHand = isSame ? await planIfUnchanged(session, { ledger, proof }, manifest, createRunDigests()) : undefined
    return inHand && { ...inHand, references: found }
  })
}

async function planIfUnchanged(
  session: Session,
  { ledger, proof }: { readonly ledger: FoundLedger; readonly proof: BriefProof },
  manifest: Manifest,
  digests: RunDigests,
): Promise<PlanInHand | undefined> {
  const { name, search_path: searchPath = ['public'] } = manifest
  const head = await compareHead(session, ledger, manifest, digests)
  if (!head.isUnchanged) return undefined
  const state = await readCatalogState(session, { manifest: name, searchPath, names: proof.names })
  if (state.digest !== proof.catalogState) return undefined
  const plan: Plan = {
    manifest: name,
    searchPath,
    database: { name: session.database, serverVersion: session.serverVersionText, user: session.user },
    fingerprint: state.digest,
    changes: [],
    steps: [],
    refusals: [],
    undetermined: [],
    warnings: [...markReported(proof.warnings, proof.warnings), ...head.warnings],
    unchanged: proof.objectCount,
  }
  return {
    plan,
    isProven: true,
    declared: [],
    wanted: new Map(),
    withReferences: new Map(),
    references: [],
    salt: digests.salt,
    trustedRoles: [],
    code: new Map(),
    sourceRecords: new Map(),
    rekeyed: new Map(),
    provenDigests: new Map(),
    canonicalForms: new Map(),
    notImported: undefined,
    proof: undefined,
    proofOfCreation: undefined,
    digestsToSave: undefined,
    manifestDigest: proof.digest,
    ownershipUnknown: undefined,
    part: undefined,
  }
}

interface ComparedHead {
  readonly isUnchanged: boolean
  readonly warnings: readonly Warning[]
}

/** Compares the objects that the digest of the catalog does not cover. */
async function compareHead(
  session: Session,
  found: FoundLedger,
  manifest: Manifest,
  digests: RunDigests,
): Promise<ComparedHead> {
  const declared = declaredKinds
    .filter((kind) => !digestedKinds.includes(kind))
    .flatMap((kind) => kind.declare(manifest, digests))
  const keys = new Set(declared.map(({ id }) => keyOf(id)))
  const ledger = await readLedgerOf(session, found, manifest.name, keys)
  const ids = declared.map(({ id }) => id)
  const reading = await readCatalog(session, ids, digests.salt)
  const wanted = new Map(
    declared.map((object): [Key, WantedObject] => {
      const key = keyOf(object.id)
      const [last, live] = [ledger.entries.get(key)?.declared, reading.live.get(key)?.spec]
      const spec = kindOf(object.id).settle(object.spec, last, live)
      return [key, { id: object.id, spec, needs: object.needs, declared: spec, written: object.spec }]
    }),
  )
  const { unchanged, warnings } = diff({
    wanted: keepIgnored(wanted, reading.live),
    declared: keys,
    reading,
    ledger,
    digests,
    takeOver: false,
  })
  return { isUnchanged: unchanged === declared.length, warnings }
}
