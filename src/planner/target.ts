// Reads from the target what a plan is based on: the ledger, and the live objects that are declared or owned.

import type { DeclaredObject } from '../core/change.ts'
import { sameData } from '../core/data.ts'
import { idOf, type Key, keyOf } from '../core/object.ts'
import type { Session } from '../db/session.ts'
import { sharedName } from '../differ/taken-names.ts'
import { type CatalogReading, readCatalog } from '../introspector/read-catalog.ts'
import { inSnapshot } from '../introspector/snapshot.ts'
import { adoptTables } from '../kinds/facets/copy/table-mark.ts'
import { isRecordedAsDeclared } from '../kinds/recorded.ts'
import { kindOf } from '../kinds/registry.ts'
import { readCatalogState } from '../ledger/catalog-state.ts'
import { type Ledger, readLedger, readLedgerOf } from '../ledger/read.ts'
import { type FoundLedger, findLedger } from '../ledger/trust.ts'
import type { ChangedPart } from './proof/changed-part.ts'
import type { ProvenState } from './proof/proof.ts'
import { withConvertedCopies } from './renames/converted-copies.ts'
import {
  formerKeys,
  type Renaming,
  rekeyLedger,
  resolveRenamedFrom,
  withColumnsRenamed,
} from './renames/renamed-from.ts'
import { detectManualRenames, withColumnsRenamedBack, withRenamedAway } from './renames/renamed-in-database.ts'
import { withStrays } from './renames/strays.ts'

export interface TargetReading {
  readonly catalog: CatalogReading
  readonly ledger: Ledger
  readonly renaming: Renaming
}

/** What a plan depends on. */
export interface TargetState extends Pick<TargetReading, 'catalog' | 'ledger'> {
  /** The state of the catalog, if only a part was read: it covers the rest. */
  readonly state: string | undefined
}

interface TargetInput {
  /** The name of the manifest. */
  readonly manifest: string
  readonly declared: readonly DeclaredObject[]
  /** The salt of the digests of secrets. */
  readonly salt: string
  /** The part to read; undefined to read everything. */
  readonly part: ChangedPart | undefined
}

/** Reads everything within the session's transaction, in which the ledger was found. */
export async function readTarget(
  session: Session,
  found: FoundLedger,
  { manifest, declared, salt, part }: TargetInput,
): Promise<TargetReading> {
  const keys = new Set(declared.map(({ id }) => keyOf(id)))
  const recorded = part
    ? await readLedgerOf(session, found, manifest, part.keys)
    : await readLedger(session, found, manifest, [...keys, ...formerKeys(declared)])
  const renaming = await resolveRenamedFrom(session, declared, recorded, salt)
  const ledger = shareDeclarations(rekeyLedger(recorded, renaming), declared)
  const ids = new Map(declared.map(({ id }) => [keyOf(id), id]))
  for (const [key, { id }] of ledger.entries) ids.set(key, id)
  await adoptDeclared(session, declared)
  const read = await readCatalog(session, ids.values(), salt)
  const catalog = { ...read, occupied: withoutFormer(read, keys, ledger) }
  const renamed = { objects: renaming.objects, keys: new Set([...renaming.rekeyed.values()].map(keyOf)) }
  const detected = await detectManualRenames(session, { catalog, ledger, declared: keys, renamed, salt })
  const converted = withConvertedCopies({ catalog: detected, ledger }, keys)
  const present = await withRenamedAway(session, converted.catalog, converted.ledger, keys)
  const all = await withStrays(session, present, converted.ledger, keys, salt)
  const { refusals, ...target } = withColumnsRenamed(withColumnsRenamedBack(all), converted.ledger, declared)
  return { ...target, renaming: { ...renaming, refusals: [...renaming.refusals, ...refusals] } }
}

/** Lets the catalog queries of this transaction read the tables that the manifest takes over. */
async function adoptDeclared(session: Session, declared: readonly DeclaredObject[]): Promise<void> {
  const adopted = declared.flatMap(({ id, spec }) =>
    'schema' in id && 'name' in id && kindOf(id).adoption?.isAsked(spec) ? [id] : [],
  )
  if (adopted.length > 0) await session.run(adoptTables(adopted))
}

/** Most declarations are as they were last applied. Those are held in memory once. */
function shareDeclarations(ledger: Ledger, declared: readonly DeclaredObject[]): Ledger {
  const entries = new Map(ledger.entries)
  for (const { id, spec } of declared) {
    const [key, entry] = [keyOf(id), entries.get(keyOf(id))]
    if (entry && isRecordedAsDeclared(id, entry.declared, spec)) entries.set(key, { ...entry, declared: spec })
  }
  return { ...ledger, entries }
}

/** The taken names, without those of objects of another kind that this plan drops since they are no longer declared. */
function withoutFormer(
  { live, occupied }: CatalogReading,
  declared: ReadonlySet<Key>,
  { entries }: Ledger,
): CatalogReading['occupied'] {
  if (occupied.size === 0) return occupied
  const former = new Set(
    Array.from(entries, ([key, { id }]) => (live.has(key) && !declared.has(key) ? sharedName(id) : undefined)),
  )
  const isFormer = (key: Key) => {
    const id = idOf(key)
    const name = id && sharedName(id)
    return name !== undefined && former.has(name)
  }
  return new Map([...occupied].filter(([key]) => !isFormer(key)))
}

/** Whether a plan may have nothing to do. No proof is possible if something is missing or is to be dropped. */
function mayBeInPlace({ catalog, ledger }: TargetReading, declared: readonly DeclaredObject[]): boolean {
  const keys = new Set(declared.map(({ id }) => keyOf(id)))
  const isDeclared = [...ledger.entries.keys()].every((key) => keys.has(key))
  return ledger.exists && isDeclared && [...keys].every((key) => catalog.live.has(key))
}

export interface TargetOfPlan extends TargetReading, TargetState {
  readonly part: ChangedPart | undefined
  readonly provenState: ProvenState | undefined
}

/**
 * Reads everything in one snapshot, or the part that may have changed, with the state of the catalog if a proof is possible.
 * @param findPart finds the part that may have changed
 * @param names the names that the SQL of the declared objects could contain; undefined if no state is needed
 */
export function readTargetInSnapshot(
  session: Session,
  input: Omit<TargetInput, 'part'> & { readonly searchPath: readonly string[] },
  findPart: (found: FoundLedger) => Promise<ChangedPart | undefined>,
  names: readonly string[] | undefined,
): Promise<TargetOfPlan> {
  return inSnapshot(session, async () => {
    const found = await findLedger(session)
    const part = await findPart(found)
    const declared = part ? input.declared.filter(({ id }) => part.keys.has(keyOf(id))) : input.declared
    const target = { ...(await readTarget(session, found, { ...input, declared, part })), part, state: part?.state }
    if (names === undefined || !mayBeInPlace(target, declared)) return { ...target, provenState: undefined }
    if (part && sameData(part.names, names)) return { ...target, provenState: { catalogState: part.state, names } }
    const { digest: catalogState } = await readCatalogState(session, { ...input, names })
    return { ...target, provenState: { catalogState, names } }
  })
}
