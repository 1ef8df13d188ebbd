import type { DeclaredObject } from '../core/change.ts'
import { type Key, keyOf, namespaceOf } from '../core/object.ts'
import { ident, join, qualified, sql, trusted } from '../core/sql.ts'
import { isDatabaseError } from '../db/database-error.ts'
import { kindOf } from '../kinds/registry.ts'
import { createOrBisect } from './attempt.ts'
import { probeBeside, probeChildren } from './beside.ts'
import { byName } from './by-name.ts'
import type { ProbeRun } from './run.ts'
import { isNewOrReshaped, type QueryObject } from './run.ts'
import { readStandIns } from './stand-ins.ts'

/**
 * Tries out queries that name relations which are new or change. The *schema* of a live one that changes is renamed aside
 * and a new one of that name made, with the wanted relations in it: that locks no relation, whereas renaming the relation
 * itself would make readers wait. Whatever else of that schema is named is stood in for by a view.
 * @param all every query, in the order in which they can be made
 */
export async function underRealNames(
  run: ProbeRun,
  queries: readonly QueryObject[],
  all: readonly QueryObject[],
): Promise<void> {
  const involved = withWhatTheyRead(run, queries, all)
  const moved = new Set(involved.flatMap(({ reads }) => reads.filter((key) => isNewOrReshaped(run, key, queries))))
  const aside = await moveAside(run, schemasOf(run, moved))
  if (typeof aside === 'string') return withoutSchema(run, queries, all, aside)
  await makeRelations(run, involved, moved, aside)
  await makeViews(run, involved, moved, queries)
}

/** Moved views that the queries read, and what those read, are made too, even if they were tried out already. */
function withWhatTheyRead(
  run: ProbeRun,
  queries: readonly QueryObject[],
  all: readonly QueryObject[],
): readonly QueryObject[] {
  const needed = new Set(queries)
  for (const query of needed) {
    for (const read of all) {
      if (query.reads.includes(keyOf(read.object.id)) && isNewOrReshaped(run, keyOf(read.object.id), queries))
        needed.add(read)
    }
  }
  return all.filter((query) => needed.has(query))
}

/** Schemas in which a live relation stands where a changed one is needed, or where that will be called as the live one is. */
function schemasOf(run: ProbeRun, moved: ReadonlySet<Key>): ReadonlySet<string> {
  const live = [...moved].flatMap((key) => {
    const renamed = run.elsewhere.get(key)
    return run.input.reading.live.get(key) ?? (renamed?.isRenamedByManifest ? renamed : [])
  })
  return new Set(live.flatMap(({ id }) => ('schema' in id ? [id.schema] : [])))
}

/** The schemas' names while they are aside; or the first one that this role can't rename. */
async function moveAside(run: ProbeRun, schemas: ReadonlySet<string>): Promise<ReadonlyMap<string, string> | string> {
  const aside = new Map<string, string>()
  await run.session.run(trusted('SAVEPOINT aside'))
  for (const schema of schemas) {
    const name = `${run.scratchSchema}_${aside.size}`
    aside.set(schema, name)
    try {
      await run.session.run(sql`ALTER SCHEMA ${ident(schema)} RENAME TO ${ident(name)}; CREATE SCHEMA ${ident(schema)}`)
    } catch (error) {
      if (!isDatabaseError(error) || error.sqlstate !== '42501') throw error
      await run.session.run(trusted('ROLLBACK TO aside'))
      return schema
    }
  }
  return aside
}

/** Tries out those queries that read nothing which is to change in that schema. */
async function withoutSchema(
  run: ProbeRun,
  queries: readonly QueryObject[],
  all: readonly QueryObject[],
  schema: string,
): Promise<void> {
  const isThere = (key: Key) => {
    const read = run.settled.get(key)
    return read !== undefined && namespaceOf(read.id) === schema && isNewOrReshaped(run, key, queries)
  }
  const untried = new Set(queries.filter(({ reads }) => reads.some(isThere)))
  for (const { object } of untried) {
    for (const query of queries) if (query.reads.includes(keyOf(object.id))) untried.add(query)
  }
  const reason = `it reads what this plan changes in the schema ${ident(schema)}, and trying that out takes the ownership of it`
  const hint = `Plan as the owner of the schema ${ident(schema)}.`
  for (const { object, children } of untried) {
    for (const { id } of [object, ...children])
      run.findings.push({ code: 'object/not-probed', key: keyOf(id), status: 'undetermined', reason, hint })
  }
  const others = queries.filter((query) => !untried.has(query))
  if (others.length > 0) await underRealNames(run, others, all)
}

/** The relations that the queries name, as far as they are not views of the plan themselves. */
async function makeRelations(
  run: ProbeRun,
  involved: readonly QueryObject[],
  moved: ReadonlySet<Key>,
  aside: ReadonlyMap<string, string>,
): Promise<void> {
  const own = new Set(involved.map(({ object }) => keyOf(object.id)))
  const declared = [...new Set(involved.flatMap(({ reads }) => reads))]
    .filter((key) => !own.has(key))
    .flatMap((key) => run.settled.get(key) ?? [])
  // Types that stand in a schema which is aside are looked for in the new one.
  const types = [...run.settled.values()].filter(
    ({ id }) => 'schema' in id && aside.has(id.schema) && byName(id) !== undefined,
  )
  const madeAnew = [...types, ...declared.filter((object) => isMadeAnew(object, moved, aside))]
  const made = await createOrBisect(
    run,
    madeAnew.map((object) => underItsName(run, object)),
  )
  for (const { id } of made) run.underRealNames.add(keyOf(id))
  await standInByViews(run, involved, madeAnew, aside, own)
}

/** Only what it refers to gets another name, not the object itself. */
function underItsName(run: ProbeRun, object: DeclaredObject) {
  const { probe, create } = kindOf(object.id)
  if (probe.how !== 'read-back' || byName(object.id)) return { object, statements: create(object.id, object.spec) }
  const wanted = run.wanted.get(keyOf(object.id))
  const alone =
    wanted && probe.withoutParents ? { ...object, spec: probe.withoutParents(object.spec, wanted.spec) } : object
  const { spec } = probe.standIn(alone, { schema: '', name: '' }, (id) => run.standIns.get(keyOf(id)) ?? id)
  return { object, statements: create(object.id, spec) }
}

/** Moved relations, and unmoved ones without a query of their own whose schema is aside. */
function isMadeAnew(object: DeclaredObject, moved: ReadonlySet<Key>, aside: ReadonlyMap<string, string>): boolean {
  const schema = 'schema' in object.id ? object.id.schema : ''
  return moved.has(keyOf(object.id)) || (aside.has(schema) && !kindOf(object.id).query)
}

async function standInByViews(
  run: ProbeRun,
  involved: readonly QueryObject[],
  madeAnew: readonly DeclaredObject[],
  aside: ReadonlyMap<string, string>,
  own: ReadonlySet<Key>,
): Promise<void> {
  const names = [...new Set(involved.flatMap((query) => query.names.map(({ name }) => name)))]
  const existing = await run.session.query<{ schema: string; name: string }>(
    trusted(`SELECT n.nspname AS schema, c.relname AS name
               FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
              WHERE n.nspname = ANY ($1) AND c.relname = ANY ($2) AND c.relkind = ANY ('{r,p,v,m,f}')`),
    [[...aside.values()], names],
  )
  // What is renamed is shown by its name of today, too: that stays free.
  const former = [...run.elsewhere.values()].flatMap(({ isRenamedByManifest, elsewhere }) =>
    isRenamedByManifest && elsewhere ? [elsewhere] : [],
  )
  const taken = new Set([
    ...former.map(relationText),
    ...madeAnew.map(({ id }) => relationText(id)),
    ...involved.filter(({ object }) => own.has(keyOf(object.id))).map(({ object }) => relationText(object.id)),
  ])
  const schemaOf = new Map([...aside].map(([schema, name]) => [name, schema]))
  const views = existing.flatMap(({ schema: hidden, name }) => {
    const view = qualified(schemaOf.get(hidden) ?? hidden, name)
    return taken.has(view) ? [] : [sql`CREATE VIEW ${view} AS SELECT * FROM ${qualified(hidden, name)}`]
  })
  await run.session.run(join(views, ';\n'))
}

function relationText(id: DeclaredObject['id']): string {
  return 'schema' in id ? qualified(id.schema, id.name) : ''
}

/** The views of the plan: those that others name under their real names, in order, and then the others. */
async function makeViews(
  run: ProbeRun,
  involved: readonly QueryObject[],
  moved: ReadonlySet<Key>,
  asked: readonly QueryObject[],
): Promise<void> {
  const named = involved.filter(({ object }) => moved.has(keyOf(object.id)))
  for (const { object } of named) run.standIns.set(keyOf(object.id), object.id)
  const made = await createOrBisect(
    run,
    named.map(({ object }) => underItsName(run, object)),
  )
  for (const { id } of made) run.underRealNames.add(keyOf(id))
  const isAsked = new Set(asked.map(({ object }) => object))
  await readStandIns(
    run,
    made.filter((object) => isAsked.has(object)),
  )
  await probeChildren(
    run,
    asked.filter((query) => named.includes(query)),
    made,
  )
  await probeBeside(
    run,
    involved.filter((query) => !named.includes(query)),
  )
}
