// Finds out which unmanaged plain views must be recreated when columns that they read change, by recreating them in scratch
// schemas, in a transaction that is rolled back.

import type { Change, LiveObject, LiveState, WantedObject } from '../core/change.ts'
import { inverse } from '../core/data.ts'
import type { Lost, TriedView, ViewOutcome } from '../core/dependent.ts'
import { lockedFinding, missingStandIn } from '../core/finding.ts'
import { topologicalOrder } from '../core/graph.ts'
import { type DbObject, type IdOf, idOf, type Key, keyOf, namespaceOf, relationKey } from '../core/object.ts'
import { ident, qualified, type Sql, sql, trusted } from '../core/sql.ts'
import { isDatabaseError } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import { rolledBack } from '../db/transaction.ts'
import type { MayEvaluate } from '../introspector/evaluation/evaluated-code.ts'
import { readCatalog } from '../introspector/read-catalog.ts'
import { beginTrial } from '../introspector/transaction-settings.ts'
import { type ViewSpec, withColumnsOf } from '../kinds/materialized-view/plain-view.ts'
import { kindOf, titleOf } from '../kinds/registry.ts'
import { asKind } from '../kinds/specs.ts'
import { ownershipColumns, type UnmanagedReader, whyNotRecreatable } from './ownership.ts'
import type { ReadsThroughViews } from './read-through-views.ts'
import { type ChangedTypes, changedTypes, createScratchTypes, type TypesToCreate } from './scratch-types.ts'
import { createEmptyTables, createScratchSchemas, type Place, requalifyForScratch, tryStatements } from './stand-ins.ts'
import { unrecreatableParts } from './view-parts.ts'
import { isNoSourceView, readsOfView, viewsReading } from './view-reads.ts'

export interface TrialInput {
  readonly live: LiveState
  readonly wanted: ReadonlyMap<Key, WantedObject>
  readonly changes: readonly Change[]
  readonly searchPath: readonly string[]
  /** Views to recreate even if their columns stay the same, with everything that they read, directly or through other views. */
  readonly forcedViews: ReadsThroughViews
  readonly salt: string
  /** Which user-defined code may be run. */
  readonly mayEvaluate: MayEvaluate
  readonly trustedRoles: readonly string[]
}

interface Changed {
  readonly key: Key
  readonly object: LiveObject
  readonly to: WantedObject
  /** Whether it loses columns, or changes their types, so that a view over it may break. */
  readonly losesColumns: boolean
}

interface Row extends UnmanagedReader {
  readonly id: IdOf<'view'>
  readonly reads: readonly number[]
  readonly isReadByData: boolean
}

type LiveView = LiveObject & DbObject<'view', ViewSpec>

type ViewAbove = Row & Pick<TriedView, 'key' | 'on'> & { readonly live: LiveView }

type Trial = ViewAbove & {
  /** Whether a relation that it reads, directly or through other views, loses columns. If not, it can stay as it is. */
  readonly readsLostColumns: boolean
  readonly isForced: boolean
}

const viewsQuery: Sql = trusted(`
  WITH RECURSIVE ${viewsReading}
  SELECT ${ownershipColumns},
         ${readsOfView} AS reads,
         EXISTS (SELECT FROM pg_depend d
                   JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
                   JOIN pg_class reader ON reader.oid = r.ev_class AND (reader.relkind = 'm' OR NOT (${isNoSourceView('reader')}))
                  WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid) AS "isReadByData"
    FROM (SELECT DISTINCT oid FROM reading) view JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'v' ORDER BY c.oid`)

/**
 * Recreates, over empty tables with the wanted columns, the plain views that read relations which lose columns or change
 * their types, and the forced views.
 * @returns an empty list if this server or role cannot create anything
 */
export async function tryRecreatingViews(session: Session, input: TrialInput): Promise<readonly TriedView[]> {
  const { live, wanted, forcedViews, salt } = input
  const types = { ...changedTypes(input.changes), searchPath: input.searchPath }
  const readByForced = new Set([...forcedViews.values()].flat())
  const changed = [...live].flatMap(([key, object]): readonly Changed[] => {
    const to = wanted.get(key)
    if (!to) return []
    const loses = losesColumns(object, to, types.replaced)
    return loses || readByForced.has(key) ? [{ key, object, to, losesColumns: loses }] : []
  })
  if (changed.length === 0) return []
  try {
    return await rolledBack(session, beginTrial(session), async () => {
      const trials = trialsOf(await readViewsAbove(session, changed, salt), changed, forcedViews)
      return trials.length === 0 ? [] : outcomesOf(session, { changed, trials, types }, input)
    })
  } catch (error) {
    // The server is read-only, or the role may not create anything. Then such views block the plan.
    if (!isDatabaseError(error) || session.isLost()) throw error
    return []
  }
}

/** Reads the views over the changed relations, direct and indirect ones, each after the views that it reads. */
async function readViewsAbove(
  session: Session,
  changed: readonly Changed[],
  salt: string,
): Promise<readonly ViewAbove[]> {
  const oids = changed.map(({ object: { oid } }) => oid)
  const rows = topologicalOrder(
    await session.query<Row>(viewsQuery, [oids]),
    ({ oid }) => oid,
    ({ reads }) => reads,
  )
  if (rows.length === 0) return []
  const ids = rows.map(({ id }) => id)
  const views = (await readCatalog(session, ids, salt)).live
  const keys = new Map<number, Key>([
    ...changed.map(({ key, object }) => [object.oid, key] as const),
    ...Array.from(views, ([key, { oid }]) => [oid, key] as const),
  ])
  return rows.flatMap((row) => {
    const key = keyOf(row.id)
    const view = asKind(views.get(key), 'view')
    return view ? [{ ...row, key, live: view, on: new Set(row.reads.flatMap((read) => keys.get(read) ?? [])) }] : []
  })
}

/** Selects the views over relations that lose columns, direct and indirect ones, and the forced views. */
function trialsOf(
  views: readonly ViewAbove[],
  changed: readonly Changed[],
  forcedViews: TrialInput['forcedViews'],
): readonly Trial[] {
  const losing = new Set(changed.flatMap((change) => (change.losesColumns ? [change.key] : [])))
  return views.flatMap((view) => {
    const readsLostColumns = [...view.on].some((read) => losing.has(read))
    if (readsLostColumns) losing.add(view.key)
    const isForced = forcedViews.has(view.key)
    return readsLostColumns || isForced ? [{ ...view, readsLostColumns, isForced }] : []
  })
}

/**
 * Added columns do not count, since no view can read them yet. A replaced type counts as another one, although it has the same
 * name.
 */
function losesColumns(
  { id, spec, needs }: LiveObject,
  to: WantedObject,
  replacedTypes: ChangedTypes['replaced'],
): boolean {
  const { columns } = kindOf(id)
  if (!columns) return false
  if (needs.some((need) => replacedTypes.has(need))) return true
  const after = columns(to.spec)
  return Array.from(columns(spec)).some(([name, type]) => after.get(name) !== type)
}

async function outcomesOf(
  session: Session,
  { changed, trials, types }: { changed: readonly Changed[]; trials: readonly Trial[]; types: TypesToCreate },
  { salt, mayEvaluate, trustedRoles }: Pick<TrialInput, 'salt' | 'mayEvaluate' | 'trustedRoles'>,
): Promise<readonly TriedView[]> {
  const relations = changed.flatMap(({ object: { id }, to }) =>
    'schema' in id ? [{ id, columns: kindOf(to.id).columns?.(to.spec) ?? new Map() }] : [],
  )
  const schemas = [...relations, ...trials, ...types.created].flatMap(({ id }) => namespaceOf(id) ?? [])
  const place = await createScratchSchemas(session, schemas, { mayEvaluate, trustedRoles })
  const { scratch } = place
  const withoutTypes = await createScratchTypes(session, types, place)
  if (!withoutTypes) await createEmptyTables(session, relations, place)
  const renamed = new Set(changed.flatMap((change) => (isRenamed(change) ? [change.key] : [])))
  const lost = await createViews(session, trials, { ...place, renamed, withoutTypes })
  const inScratch = (id: IdOf<'view'>) => ({ ...id, schema: scratch.get(id.schema) ?? '' })
  const ids = trials.flatMap(({ key, id }) => (lost.has(key) ? [] : [inScratch(id)]))
  const created = (await readCatalog(session, ids, salt)).live
  const realSchemas = inverse(scratch)
  // A column can have one of these types, or the row type of one of these relations.
  const realName = (type: string) =>
    [...scratch].reduce((text, [schema, name]) => text.replace(`${name}.`, () => `${ident(schema)}.`), type)
  const tried = trials.map((trial): TriedView => {
    const { key, id } = trial
    const why = lost.get(key)
    const outcome = why
      ? lostOrRepointed(trial, why)
      : outcomeOf(trial, asKind(created.get(keyOf(inScratch(id))), 'view'), session.user, { realName, realSchemas })
    return { ...triedOf(trial), outcome }
  })
  const unrecreatable = await unrecreatableParts(session, tried, place)
  return tried.map((view, at) => {
    const [why, trial] = [unrecreatable.get(view.key), trials[at]]
    return why && trial ? { ...view, outcome: lostOrRepointed(trial, why) } : view
  })
}

function triedOf({ key, live, on, isReadByData }: Trial): Omit<TriedView, 'outcome'> {
  return { key, live, on, isReadByData }
}

/** A view that cannot be recreated is kept if possible. */
function lostOrRepointed({ readsLostColumns }: Trial, why: Lost): ViewOutcome {
  return readsLostColumns ? { becomes: 'lost', ...why } : { becomes: 'repointed' }
}

/** Whether a view's text has another name for it, or for its columns, than the wanted one. */
function isRenamed({ object: { id, spec, elsewhere, renamedColumns }, to }: Changed): boolean {
  if (elsewhere !== undefined || renamedColumns !== undefined) return true
  return (kindOf(id).renaming?.alteredColumnNames?.(spec, to.spec).size ?? 0) > 0
}

/** Creates the views in the scratch schemas, unless types could not be created there. Returns why some could not be created. */
async function createViews(
  session: Session,
  trials: readonly Trial[],
  place: Place & { readonly renamed: ReadonlySet<Key>; readonly withoutTypes: Lost | undefined },
): Promise<ReadonlyMap<Key, Lost>> {
  const lost = new Map<Key, Lost>()
  for (const { key, id, live, on } of trials) {
    const below = trials.find((other) => on.has(other.key) && lost.has(other.key))
    if (below) lost.set(key, { ...lost.get(below.key), reason: `it reads ${titleOf(below.id)}` })
    else if ([...on].some((read) => place.renamed.has(read))) lost.set(key, readsRenamed)
    else if (place.withoutTypes) lost.set(key, place.withoutTypes)
    else if (live.locked) lost.set(key, lockedFinding(key))
    else {
      const query = await requalifyForScratch(live.spec.query, place)
      const view = qualified(place.scratch.get(id.schema) ?? '', id.name)
      const why = await tryStatements(session, sql`CREATE VIEW ${view} AS ${trusted(query)}`, place)
      if (why) lost.set(key, why)
      else place.existing.add(relationKey(id.schema, id.name))
    }
  }
  return lost
}

const readsRenamed: Lost = {
  reason: 'it reads something that this plan also renames',
  hint: 'Apply the renaming first, then the other changes. What was renamed by hand, name back by hand first. Or drop the view, apply, and create it again.',
}

/** The real schema of each scratch schema, and the real name of a type in one. */
interface RealNames {
  readonly realName: (type: string) => string
  readonly realSchemas: ReadonlyMap<string, string>
}

function outcomeOf(
  trial: Trial,
  created: LiveView | undefined,
  user: string,
  { realName, realSchemas }: RealNames,
): ViewOutcome {
  const { id, live } = trial
  if (!created) return lostOrRepointed(trial, missingStandIn)
  const { spec } = live
  const recreated = withColumnsOf(spec, created.spec, realName)
  const lost = whyNotRecreatable(trial, user)
  if (recreated === undefined && (!trial.isForced || lost)) return { becomes: 'repointed' }
  if (lost) return { becomes: 'lost', ...lost }
  const needs = [...live.needs.filter((key) => idOf(key)?.kind !== 'type'), ...typesNeeded(created, realSchemas)]
  return { becomes: 'recreated', to: { id, needs, spec: recreated ?? spec, declared: spec, written: spec } }
}

/** The types of its columns may have changed, and the former ones may be dropped. */
function typesNeeded({ needs }: LiveObject, realSchemas: RealNames['realSchemas']): readonly Key[] {
  return needs.flatMap((key) => {
    const id = idOf(key)
    return id?.kind === 'type' ? [keyOf({ ...id, schema: realSchemas.get(id.schema) ?? id.schema })] : []
  })
}
