import type { DeclaredObject, WantedObject } from '../core/change.ts'
import { type Key, keyOf } from '../core/object.ts'
import type { Plan } from '../core/plan.ts'
import type { Session } from '../db/session.ts'
import { diff } from '../differ/diff.ts'
import { type RunDigests, runDigests } from '../introspector/digests.ts'
import { readCatalog } from '../introspector/read-catalog.ts'
import { inSnapshot } from '../introspector/snapshot.ts'
import { declaredKinds, kindOf } from '../kinds/registry.ts'
import { digestedKinds, readCatalogState } from '../ledger/catalog-state.ts'
import { type ManifestProof, readProof } from '../ledger/manifest-proof.ts'
import { readLedgerOf } from '../ledger/read.ts'
import type { ManifestText } from '../manifest/load.ts'
import type { Manifest, ParsedManifest, Path } from '../manifest/manifest.ts'
import { textDigest } from '../manifest/parse.ts'
import { resolveReferences } from '../manifest/yaml/references.ts'
import type { SourceFailure } from '../sources/ask-source.ts'
import { readSourceState, type SourceAccess } from '../sources/resolve-imports.ts'
import type { PlanInHand } from './plan-in-hand.ts'

/** What could be said of a manifest without planning it in full. */
export interface FastPlan {
  /** Undefined if it is not proven to be in place. */
  readonly inHand: PlanInHand | undefined
  /** What servers said that could not be asked. */
  readonly unanswered: ReadonlyMap<string, SourceFailure>
}

/**
 * The plan of a manifest that the ledger proves to be in place: nothing was left to do for the same text, and the catalog
 * looks as it did then, and so do the sources of what is imported. Its many objects are told by one digest. What may hold
 * secrets or references, servers and their user mappings, is compared as always, and so is every other kind of which there
 * are few.
 */
export async function planFromProof(
  session: Session,
  parsed: ParsedManifest,
  sources: SourceAccess | undefined,
): Promise<FastPlan> {
  const { digest, manifest } = parsed
  const not = { inHand: undefined, unanswered: new Map() }
  if (digest === undefined || !isProvable(parsed)) return not
  const found = await inSnapshot(session, async () => {
    const proof = await readProof(session, digest)
    if (proof?.manifest !== manifest.name || (proof.sourceState !== null && !sources)) return undefined
    const inHand = await planOfProof(session, proof, manifest)
    return inHand && { proof, inHand }
  })
  if (!found) return not
  const { proof, inHand } = found
  if (proof.sourceState === null || !sources) return { ...not, inHand }
  // Not within the snapshot: a source may take its time.
  const { state, unanswered } = await readSourceState(session, parsed, inHand.digests, sources)
  return { unanswered, inHand: state === proof.sourceState ? inHand : undefined }
}

/**
 * As {@link planFromProof}, of a text that was not even parsed: what is compared of it the ledger has, which knows the text
 * by its digest. Not of one that imports.
 */
export function planWithoutParsing(
  session: Session,
  { bytes, references }: ManifestText,
): Promise<PlanInHand | undefined> {
  if (references === undefined) return Promise.resolve(undefined)
  return inSnapshot(session, async () => {
    const proof = await readProof(session, textDigest(bytes))
    if (proof?.sourceState !== null) return undefined
    const { data, problems } = resolveReferences(proof.head, references)
    const manifest = data as Manifest // part of one that the validator has seen to
    const isThatOne = problems.length === 0 && manifest.name === proof.manifest
    return isThatOne ? planOfProof(session, proof, manifest) : undefined
  })
}

async function planOfProof(
  session: Session,
  proof: ManifestProof,
  manifest: Manifest,
): Promise<PlanInHand | undefined> {
  const { name, search_path: searchPath = ['public'] } = manifest
  const digests = runDigests()
  if (!(await isHeadInPlace(session, manifest, digests))) return undefined
  const state = await readCatalogState(session, name, searchPath)
  if (state !== proof.catalogState) return undefined
  const plan: Plan = {
    manifest: name,
    searchPath,
    database: { name: session.database, serverVersion: session.serverVersionText, user: session.user },
    fingerprint: state,
    changes: [],
    steps: [],
    refusals: [],
    undetermined: [],
    warnings: [],
    unchanged: proof.objectCount,
  }
  const none = new Map()
  const nothing = {
    declared: [],
    wanted: none,
    sourced: none,
    rekeyed: none,
    proven: none,
    proof: undefined,
    ownershipUnknown: undefined,
  }
  return { plan, digests, manifestDigest: proof.digest, ...nothing }
}

async function isHeadInPlace(session: Session, manifest: Manifest, digests: RunDigests): Promise<boolean> {
  const declared = declaredKinds
    .filter((kind) => !digestedKinds.includes(kind))
    .flatMap((kind) => kind.declare(manifest, digests))
  const keys = new Set(declared.map(({ id }) => keyOf(id)))
  const ledger = await readLedgerOf(session, manifest.name, keys)
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
  const found = diff({ manifest: manifest.name, wanted, declared: keys, reading, ledger, digests, takeOver: false })
  return found.unchanged === declared.length && found.warnings.length === 0
}

/**
 * What proves later that a manifest is in place, of a plan with nothing to do.
 * @param catalogState how the catalog looked in the snapshot that the plan was made from
 * @param sourceState what the sources said for that plan
 */
export function proofOf(
  parsed: ParsedManifest,
  declared: readonly DeclaredObject[],
  { changes, refusals, undetermined, warnings, unchanged }: Plan,
  catalogState: string,
  sourceState: string | undefined,
): ManifestProof | undefined {
  const { manifest, requests, digest, written } = parsed
  if (digest === undefined || !isProvable(parsed)) return undefined
  if (requests.length > 0 !== (sourceState !== undefined)) return undefined
  if ([changes, refusals, undetermined, warnings].some((all) => all.length > 0)) return undefined
  const head = comparedPart(written, declared)
  return head === undefined
    ? undefined
    : { manifest: manifest.name, digest, head, objectCount: unchanged, catalogState, sourceState: sourceState ?? null }
}

/** Whether it can be proven that a manifest is in place. Its text does not tell what a lock beside it imports. */
export function isProvable({ requests, digest, isUnresolved, lock }: ParsedManifest): boolean {
  return digest !== undefined && !isUnresolved && !(lock && requests.length > 0)
}

/** A manifest without what is told by a digest; undefined if a reference stands in that, which the digest can not tell. */
function comparedPart(written: unknown, declared: readonly DeclaredObject[]): unknown {
  const head = structuredClone(written)
  const digested = declared.filter(({ id }) => digestedKinds.some(({ kind }) => kind === id.kind))
  const taken = digested.map(({ path }) => take(head, path))
  return JSON.stringify(taken).includes('${') ? undefined : head
}

/** Takes something out of plain data. What stands in something that was taken out already is not found. */
function take(data: unknown, path: Path): unknown {
  const [last, ...around] = [...path].reverse()
  let container: unknown = data
  for (const key of around.reverse()) container = isMap(container) ? container[key] : undefined
  if (!isMap(container) || last === undefined) return undefined
  const taken = container[last]
  delete container[last]
  return taken
}

function isMap(value: unknown): value is Record<string | number, unknown> {
  return typeof value === 'object' && value !== null
}
