import type { LiveObject, LiveState, WantedObject } from '../core/change.ts'
import type { Lost, TriedView, ViewOutcome } from '../core/dependent.ts'
import { lockedFinding } from '../core/finding.ts'
import { topologicalOrder } from '../core/graph.ts'
import { type IdOf, type Key, keyOf, relationKey } from '../core/object.ts'
import { ident, qualified, type Sql, sql, trusted } from '../core/sql.ts'
import { isDatabaseError } from '../db/database-error.ts'
import type { Session } from '../db/session.ts'
import { readCatalog } from '../introspector/read-catalog.ts'
import { readingPath } from '../introspector/transaction-settings.ts'
import { type ViewSpec, withColumnsOf } from '../kinds/materialized-view/plain-view.ts'
import { kindOf, titleOf } from '../kinds/registry.ts'
import { ownershipColumns, type UnmanagedView, whyNotRecreatable } from './ownership.ts'
import type { ReadsThroughViews } from './read-through-views.ts'
import { makeEmptyTables, type Place, requalifyForScratch, tryStatements } from './stand-ins.ts'
import { unrecreatableParts } from './view-parts.ts'
import { readingThrough, readsOfView } from './view-reads.ts'

export interface TrialInput {
  readonly live: LiveState
  readonly wanted: ReadonlyMap<Key, WantedObject>
  /** Views that are to be made anew though their columns stay, with what they read, be it through others. */
  readonly forcedViews: ReadsThroughViews
  readonly salt: string
}

interface Changed {
  readonly key: Key
  readonly object: LiveObject
  readonly to: WantedObject
  /** Columns, or types of them, that a view may use. */
  readonly loses: boolean
}

interface Row extends UnmanagedView {
  readonly id: IdOf<'view'>
  readonly reads: readonly number[]
  readonly isReadByData: boolean
}

type ViewAbove = Row & Pick<TriedView, 'key' | 'live' | 'on'>

type Trial = ViewAbove & {
  /** What it reads, be it through others, loses a column; if not, it could as well stay what it is. */
  readonly readsLosses: boolean
  /** It is to be made anew in any case. */
  readonly isTogether: boolean
}

const viewsQuery: Sql = trusted(`
  WITH RECURSIVE ${readingThrough('v')}
  SELECT ${ownershipColumns},
         ${readsOfView} AS reads,
         EXISTS (SELECT FROM pg_depend d
                   JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
                   JOIN pg_class reader ON reader.oid = r.ev_class AND reader.relkind = 'm'
                  WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid) AS "isReadByData"
    FROM (SELECT DISTINCT oid FROM reading) view JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'v' ORDER BY c.oid`)

/**
 * Tries out, in a transaction that is rolled back, what becomes of the plain views that read relations whose columns are to
 * change their types or go, and of those that are to be made anew together with what they read: they are made once more over
 * empty tables of the columns to come.
 * @returns nothing for a server on which nothing can be tried out
 */
export async function tryRecreatingViews(
  session: Session,
  { live, wanted, forcedViews, salt }: TrialInput,
): Promise<readonly TriedView[]> {
  const readTogether = new Set([...forcedViews.values()].flat())
  const changed = [...live].flatMap(([key, object]): readonly Changed[] => {
    const to = wanted.get(key)
    if (!to) return []
    const loses = losesColumns(object, to)
    return loses || readTogether.has(key) ? [{ key, object, to, loses }] : []
  })
  if (changed.length === 0) return []
  await session.run(sql`BEGIN; SET LOCAL lock_timeout = '3s'; ${readingPath}`)
  try {
    const trials = trialsOf(await readViewsAbove(session, changed, salt), changed, forcedViews)
    return trials.length === 0 ? [] : await outcomesOf(session, changed, trials, salt)
  } catch (error) {
    // A server that is read-only, or a role that may make nothing: then such views are in the way.
    if (!isDatabaseError(error) || session.isLost()) throw error
    return []
  } finally {
    if (!session.isLost()) await session.run(trusted('ROLLBACK'))
  }
}

/** The views that read what changes, be it through others of them, each after what it reads. */
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
    const view = views.get(key)
    return view ? [{ ...row, key, live: view, on: new Set(row.reads.flatMap((read) => keys.get(read) ?? [])) }] : []
  })
}

/** Those that read what loses columns, be it through others, and those that are to be made anew anyway. */
function trialsOf(
  views: readonly ViewAbove[],
  changed: readonly Changed[],
  together: TrialInput['forcedViews'],
): readonly Trial[] {
  const losing = new Set(changed.flatMap(({ key, loses }) => (loses ? [key] : [])))
  return views.flatMap((view) => {
    const readsLosses = [...view.on].some((read) => losing.has(read))
    if (readsLosses) losing.add(view.key)
    const isTogether = together.has(view.key)
    return readsLosses || isTogether ? [{ ...view, readsLosses, isTogether }] : []
  })
}

/** New columns are none that a view could read. */
function losesColumns({ id, spec }: LiveObject, to: WantedObject): boolean {
  const { columns } = kindOf(id)
  if (!columns) return false
  const after = columns(to.spec)
  return Array.from(columns(spec)).some(([name, type]) => after.get(name) !== type)
}

async function outcomesOf(
  session: Session,
  changed: readonly Changed[],
  trials: readonly Trial[],
  salt: string,
): Promise<readonly TriedView[]> {
  const relations = changed.flatMap(({ object: { id }, to }) => ('schema' in id ? [{ id, to }] : []))
  const schemas = new Set([...relations, ...trials].map(({ id }) => id.schema))
  const scratch = new Map([...schemas].map((schema, at) => [schema, `fdwsync_try_${at + 1}`]))
  await makeEmptyTables(session, relations, scratch)
  const renamed = new Set(changed.flatMap(({ key, object }) => (isRenamed(object) ? [key] : [])))
  const existing = new Set(relations.map(({ id }) => relationKey(id.schema, id.name)))
  const lost = await makeThem(session, trials, { scratch, existing, renamed })
  const beside = (id: IdOf<'view'>) => ({ ...id, schema: scratch.get(id.schema) ?? '' })
  const ids = trials.flatMap(({ key, id }) => (lost.has(key) ? [] : [beside(id)]))
  const made = (await readCatalog(session, ids, salt)).live
  // The type of a column can be that of the rows of one of these.
  const realName = (type: string) =>
    [...scratch].reduce((text, [schema, name]) => text.replace(`${name}.`, () => `${ident(schema)}.`), type)
  const tried = trials.map((trial): TriedView => {
    const { key, id, live, on, isReadByData } = trial
    const why = lost.get(key)
    const outcome = why ? lostOrLed(trial, why) : outcomeOf(trial, made.get(keyOf(beside(id))), session.user, realName)
    return { key, live, on, isReadByData, outcome }
  })
  const unfit = await unrecreatableParts(session, tried, { scratch, existing })
  return tried.map((view, at) => {
    const [why, trial] = [unfit.get(view.key), trials[at]]
    return why && trial ? { ...view, outcome: lostOrLed(trial, why) } : view
  })
}

/** What can't be made anew stays what it is, where it can. */
function lostOrLed({ readsLosses }: Trial, why: Lost): ViewOutcome {
  return readsLosses ? { becomes: 'lost', ...why } : { becomes: 'repointed' }
}

/** Its name in a view's text is not the one that it will have. */
function isRenamed({ elsewhere, renamedColumns }: LiveObject): boolean {
  return elsewhere !== undefined || renamedColumns !== undefined
}

/** Makes those that can be made in the scratch schemas; returns why the others can't. */
async function makeThem(
  session: Session,
  trials: readonly Trial[],
  place: Place & { readonly renamed: ReadonlySet<Key> },
): Promise<ReadonlyMap<Key, Lost>> {
  const lost = new Map<Key, Lost>()
  for (const { key, id, live, on } of trials) {
    const below = trials.find((other) => on.has(other.key) && lost.has(other.key))
    if (below) lost.set(key, { ...lost.get(below.key), reason: `it reads ${titleOf(below.id)}` })
    else if ([...on].some((read) => place.renamed.has(read))) lost.set(key, readsRenamed)
    else if (live.locked) lost.set(key, lockedFinding(key))
    else {
      const query = await requalifyForScratch(specOf(live).query, place)
      const view = qualified(place.scratch.get(id.schema) ?? '', id.name)
      const why = await tryStatements(session, sql`CREATE VIEW ${view} AS ${trusted(query)}`)
      if (why) lost.set(key, why)
      else place.existing.add(relationKey(id.schema, id.name))
    }
  }
  return lost
}

const readsRenamed: Lost = {
  reason: 'it reads what this plan also renames',
  hint: 'Apply the renaming first, and the rest after it.',
}

function outcomeOf(
  trial: Trial,
  made: LiveObject | undefined,
  user: string,
  realName: (type: string) => string,
): ViewOutcome {
  const { id, live } = trial
  if (!made) throw new Error(`the stand-in of ${titleOf(id)} could not be read back`)
  const spec = specOf(live)
  const anew = withColumnsOf(spec, specOf(made), realName)
  const reason = whyNotRecreatable(trial, user)
  if (anew === undefined && (!trial.isTogether || reason !== undefined)) return { becomes: 'repointed' }
  if (reason !== undefined) return { becomes: 'lost', reason }
  return { becomes: 'recreated', to: { id, needs: live.needs, spec: anew ?? spec, declared: spec, written: spec } }
}

function specOf({ spec }: LiveObject): ViewSpec {
  return spec as ViewSpec // it is that of a plain view
}
