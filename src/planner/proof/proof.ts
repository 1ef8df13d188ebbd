// Creates the proof that a manifest had nothing to do. The fast path reads it: see fast-path.ts.

import type { Change, DeclaredObject } from '../../core/change.ts'
import { mapParts } from '../../core/data.ts'
import { idOf, keyOf } from '../../core/object.ts'
import type { Plan, Step } from '../../core/plan.ts'
import { namesInSql } from '../../introspector/sql-names.ts'
import { kindOf } from '../../kinds/registry.ts'
import { isDigestedKind } from '../../ledger/catalog-state.ts'
import type { ManifestProof, UnprovenManifest } from '../../ledger/manifest-proof.ts'
import { refreshStanzas } from '../../manifest/checks/walk.ts'
import type { Manifest, ParsedManifest, Path } from '../../manifest/manifest.ts'
import { declarationDigests } from './declarations.ts'

/** The state of the catalog that a proof needs, and the names that it was computed with. */
export interface ProvenState {
  readonly catalogState: string
  readonly names: readonly string[]
}

/**
 * The proof of a plan with nothing to do; undefined for any other plan.
 * @param proven the state of the catalog in the snapshot that the plan is based on, if it was read
 * @param sourceState the state of the sources that the plan is based on, if all of them answered
 */
export function createProof(
  manifest: ParsedManifest,
  declared: readonly DeclaredObject[],
  plan: Plan,
  proven: ProvenState | undefined,
  sourceState: string | undefined,
): ManifestProof | undefined {
  if (proven === undefined || plan.changes.length > 0) return undefined
  const { catalogState, names } = proven
  const proof = proofWithoutState(manifest, declared, plan, names, sourceState)
  return proof && { ...proof, catalogState }
}

/**
 * The proof of a plan that creates every object that the catalog's state covers. Each is verified before its COMMIT, and no other
 * session sees it before. So within that transaction, the state of the catalog is one with nothing left to do except loads.
 * @param sourceState the state of the sources that the plan is based on, if their answers do not depend on what the plan creates
 */
export function createProofOfCreation(
  manifest: ParsedManifest,
  declared: readonly DeclaredObject[],
  plan: Plan,
  sourceState: string | undefined,
): UnprovenManifest | undefined {
  const created = new Set(declared.filter(isDigested).map(({ id }) => keyOf(id)))
  const createsAll = plan.changes.every(
    ({ change, hazards }) =>
      // Later plans repeat warnings about some hazards, but not about the load.
      hazards.every(({ name }) => name === 'reads-source') &&
      (!isDigestedKind(idOf(change.key)?.kind) || (isPlainCreation(change) && created.delete(change.key))),
  )
  if (!createsAll || created.size > 0 || !plan.steps.every(isDefinitionOrLoadOfView)) return undefined
  const names = namesOf(declared)
  const proof = names && proofWithoutState(manifest, declared, plan, names, sourceState)
  // Some warnings are only about what is created.
  return proof?.warnings.length === 0 ? { ...proof, objectCount: declared.length } : undefined
}

function proofWithoutState(
  manifest: ParsedManifest,
  declared: readonly DeclaredObject[],
  { refusals, undetermined, warnings, unchanged }: Plan,
  names: readonly string[],
  sourceState: string | undefined,
): UnprovenManifest | undefined {
  const { requests, digest, written } = manifest
  if (digest === undefined || !isProvable(manifest)) return undefined
  if (requests.length > 0 !== (sourceState !== undefined)) return undefined
  if ([refusals, undetermined].some((all) => all.length > 0)) return undefined
  // The state of the catalog does not show whether pg_cron is in another database now.
  if (manifest.manifest.cron && warnings.some(({ code }) => code === 'schedule/not-applied')) return undefined
  const head = comparedPart(written, declared)
  if (head === undefined) return undefined
  const { name } = manifest.manifest
  // The warnings of the head are not recorded, since every plan finds them again.
  const lasting = warnings
    .filter(({ code }) => code !== 'object/hidden-options')
    .map(({ isReported: _, ...each }) => each)
  return {
    manifest: name,
    digest,
    head,
    objectCount: unchanged,
    names,
    warnings: lasting,
    sourceState: sourceState ?? null,
    declarations: declarationDigests(declared),
  }
}

/** Whether the object is created without taking the name of another one. */
function isPlainCreation(change: Change): boolean {
  return change.op === 'create' && !change.renamesAside && !change.displaces && !change.instead
}

/** Whether a table has been loaded is not in the catalog. */
function isDefinitionOrLoadOfView({ stage, key }: Step): boolean {
  return stage === 'define' || (stage === 'populate' && idOf(key)?.kind === 'materializedView')
}

function isDigested({ id }: DeclaredObject): boolean {
  return isDigestedKind(id.kind)
}

/** Whether a proof is possible at all. The digest of a manifest does not cover what a lock beside it imports. */
export function isProvable({ requests, digest, isUnresolved, lock }: ParsedManifest): boolean {
  return digest !== undefined && !isUnresolved && !(lock && requests.length > 0)
}

/**
 * All names that the SQL of the objects could contain, for objects that the state of the catalog covers. Undefined if that cannot
 * be determined.
 */
export function namesOf(declared: readonly DeclaredObject[]): readonly string[] | undefined {
  const texts = declared.filter(isDigested).flatMap(({ id, spec }) => {
    const { sqlFragments, create } = kindOf(id)
    const fragments = sqlFragments?.(spec) ?? []
    return fragments.length > 0 ? fragments : create(id, spec).map(({ sql }) => sql)
  })
  return namesInSql(texts)
}

/**
 * The manifest as written, without the objects that the state of the catalog covers. Undefined if one of those contains a
 * reference, because its value is not covered.
 */
export function comparedPart(written: unknown, declared: readonly DeclaredObject[]): unknown {
  const policies = refreshStanzas(written as Manifest) // it has the shape of a manifest
  const removals = treeOf([...declared.filter(isDigested), ...policies].map(({ path }) => path))
  const removed: unknown[] = []
  const head = without(written, removals, removed)
  return JSON.stringify(removed).includes('${') ? undefined : head
}

/** What to remove, as a tree of keys; `all` removes the value with everything in it. */
type Removals = Map<string, Removals | 'all'>

function treeOf(paths: readonly Path[]): Removals {
  const root: Removals = new Map()
  for (const path of paths) {
    let tree = root
    for (const [at, step] of path.entries()) {
      const found = tree.get(String(step))
      if (found === 'all') break
      const next = at === path.length - 1 ? 'all' : (found ?? new Map())
      tree.set(String(step), next)
      if (next !== 'all') tree = next
    }
  }
  return root
}

/** The data without the removals, which are added to `removed`. Parts that stay as they are are not copied. */
function without(value: unknown, removals: Removals, removed: unknown[]): unknown {
  return mapParts(value, (part, step) => {
    const removal = removals.get(String(step))
    if (removal !== 'all') return removal ? without(part, removal, removed) : part
    removed.push(part)
    return undefined
  })
}
