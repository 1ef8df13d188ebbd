// Creates the proof that a manifest had nothing to do. The fast path reads it: see fast-path.ts.

import type { DeclaredObject } from '../core/change.ts'
import type { Plan } from '../core/plan.ts'
import { namesInSql } from '../introspector/sql-names.ts'
import { kindOf } from '../kinds/registry.ts'
import { digestedKinds } from '../ledger/catalog-state.ts'
import type { ManifestProof } from '../ledger/manifest-proof.ts'
import { refreshStanzas } from '../manifest/checks/walk.ts'
import type { Manifest, ParsedManifest, Path } from '../manifest/manifest.ts'
import type { ProvenState } from './target.ts'

/**
 * The proof of a plan with nothing to do; undefined for any other plan.
 * @param proven the state of the catalog in the snapshot that the plan is based on, if it was read
 * @param sourceState the state of the sources that the plan is based on, if all of them answered
 */
export function createProof(
  manifest: ParsedManifest,
  declared: readonly DeclaredObject[],
  { changes, refusals, undetermined, warnings, unchanged }: Plan,
  proven: ProvenState | undefined,
  sourceState: string | undefined,
): ManifestProof | undefined {
  const { requests, digest, written } = manifest
  if (proven === undefined || digest === undefined || !isProvable(manifest)) return undefined
  if (requests.length > 0 !== (sourceState !== undefined)) return undefined
  if ([changes, refusals, undetermined].some((all) => all.length > 0)) return undefined
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
    ...proven,
    warnings: lasting,
    sourceState: sourceState ?? null,
  }
}

/** Whether a proof is possible at all. The digest of a manifest does not cover what a lock beside it imports. */
export function isProvable({ requests, digest, isUnresolved, lock }: ParsedManifest): boolean {
  return digest !== undefined && !isUnresolved && !(lock && requests.length > 0)
}

/** Everything that the SQL of the objects which the catalog's state covers could name. Undefined if that cannot be determined. */
export function namesOf(declared: readonly DeclaredObject[]): readonly string[] | undefined {
  const digested = declared.filter(({ id }) => digestedKinds.some(({ kind }) => kind === id.kind))
  const texts = digested.flatMap(({ id, spec }) => {
    const { sqlFragments, create } = kindOf(id)
    const fragments = sqlFragments?.(spec) ?? []
    return fragments.length > 0 ? fragments : create(id, spec).map(({ sql }) => sql)
  })
  return namesInSql(texts)
}

/**
 * The manifest as written, without the objects that the catalog's state covers. Undefined if one of those contains a reference,
 * because what that resolves to is not covered.
 */
function comparedPart(written: unknown, declared: readonly DeclaredObject[]): unknown {
  const head = structuredClone(written)
  const digested = declared.filter(({ id }) => digestedKinds.some(({ kind }) => kind === id.kind))
  const policies = refreshStanzas(written as Manifest) // it has the shape of a manifest
  const removed = [...digested, ...policies].map(({ path }) => remove(head, path))
  return JSON.stringify(removed).includes('${') ? undefined : head
}

/** Removes a value from plain data and returns it; undefined if it was removed together with a value around it. */
function remove(data: unknown, path: Path): unknown {
  const last = path.at(-1)
  let container: unknown = data
  for (const key of path.slice(0, -1)) container = isMap(container) ? container[key] : undefined
  if (!isMap(container) || last === undefined) return undefined
  const removed = container[last]
  delete container[last]
  return removed
}

function isMap(value: unknown): value is Record<string | number, unknown> {
  return typeof value === 'object' && value !== null
}
