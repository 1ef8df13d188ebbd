// Reads from the target what a plan is based on: the ledger, and the live objects that are declared or owned.

import type { DeclaredObject } from '../core/change.ts'
import { keyOf } from '../core/object.ts'
import type { Session } from '../db/session.ts'
import { type CatalogReading, readCatalog } from '../introspector/read-catalog.ts'
import { inSnapshot } from '../introspector/snapshot.ts'
import { readCatalogState } from '../ledger/catalog-state.ts'
import { type Ledger, readLedger } from '../ledger/read.ts'
import { formerKeys, type Renaming, rekeyLedger, resolveRenamedFrom, withColumnsRenamed } from './renamed-from.ts'
import { detectManualRenames } from './renamed-in-database.ts'

export interface TargetReading {
  readonly catalog: CatalogReading
  readonly ledger: Ledger
  readonly renaming: Renaming
}

interface TargetInput {
  /** The name of the manifest. */
  readonly manifest: string
  readonly declared: readonly DeclaredObject[]
  /** For the digests of secrets. */
  readonly salt: string
}

/** Reads everything within the session's transaction. */
export async function readTarget(session: Session, { manifest, declared, salt }: TargetInput): Promise<TargetReading> {
  const keys = new Set(declared.map(({ id }) => keyOf(id)))
  const recorded = await readLedger(session, manifest, [...keys, ...formerKeys(declared)])
  const renaming = await resolveRenamedFrom(session, declared, recorded, salt)
  const ledger = rekeyLedger(recorded, renaming)
  const ids = new Map(declared.map(({ id }) => [keyOf(id), id]))
  for (const [key, { id }] of ledger.entries) ids.set(key, id)
  const catalog = await readCatalog(session, ids.values(), salt)
  const renamed = { objects: renaming.objects, keys: new Set([...renaming.rekeyed.values()].map(keyOf)) }
  const found = await detectManualRenames(session, catalog, ledger, keys, salt, renamed)
  const { refusals, ...read } = withColumnsRenamed(found, ledger, declared)
  return { ...read, renaming: { ...renaming, refusals: [...renaming.refusals, ...refusals] } }
}

/** Reads everything in one snapshot, with the state of the whole catalog if that is asked for and there is a ledger. */
export function readTargetInSnapshot(
  session: Session,
  input: TargetInput & { readonly searchPath: readonly string[] },
  withCatalogState: boolean,
): Promise<TargetReading & { readonly catalogState: string | undefined }> {
  return inSnapshot(session, async () => {
    const target = await readTarget(session, input)
    if (!withCatalogState || !target.ledger.exists) return { ...target, catalogState: undefined }
    return { ...target, catalogState: await readCatalogState(session, input.manifest, input.searchPath) }
  })
}
