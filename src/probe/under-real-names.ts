// Probes queries over relations that are new or change, which must find the wanted relations under their real names.

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
 * Probes queries that name relations which are new or change. It renames the schema of a changing relation, and creates a
 * new schema of that name with the wanted relations in it. Renaming a schema locks no relation, whereas renaming the
 * relation itself would block its readers. A view stands in for every other relation of the schema that a query names.
 * @param all all queries, each after what it reads
 */
export async function probeUnderRealNames(
  run: ProbeRun,
  queries: readonly QueryObject[],
  all: readonly QueryObject[],
): Promise<void> {
  const involved = withWhatTheyRead(run, queries, all)
  const moved = new Set(involved.flatMap(({ reads }) => reads.filter((key) => isNewOrReshaped(run, key, queries))))
  const aside = await moveAside(run, schemasOf(run, moved))
  if (typeof aside === 'string') return withoutSchema(run, queries, all, aside)
  await createRelations(run, involved, moved, aside)
  await createViews(run, involved, moved, queries)
}

/** The queries, with all changing views that they read, directly or indirectly, even those that were probed already. */
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

/** The schemas with a live relation whose name a changed one needs, either its declared name or its current one. */
function schemasOf(run: ProbeRun, moved: ReadonlySet<Key>): ReadonlySet<string> {
  const live = [...moved].flatMap((key) => {
    const renamed = run.elsewhere.get(key)
    return run.input.reading.live.get(key) ?? (renamed?.isRenamedByManifest ? renamed : [])
  })
  return new Set(live.flatMap(({ id }) => ('schema' in id ? [id.schema] : [])))
}

/** Renames the schemas. Returns their new names, or the first schema that this role cannot rename. */
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

/** Probes only the queries that read nothing that changes in that schema. */
async function withoutSchema(
  run: ProbeRun,
  queries: readonly QueryObject[],
  all: readonly QueryObject[],
  schema: string,
): Promise<void> {
  const changesInSchema = (key: Key) => {
    const read = run.settled.get(key)
    return read !== undefined && namespaceOf(read.id) === schema && isNewOrReshaped(run, key, queries)
  }
  const unchecked = new Set(queries.filter(({ reads }) => reads.some(changesInSchema)))
  for (const { object } of unchecked) {
    for (const query of queries) if (query.reads.includes(keyOf(object.id))) unchecked.add(query)
  }
  const reason = `it reads something that this plan changes in schema ${ident(schema)}, and only the owner of that schema can check this`
  const hint = `Plan as the owner of schema ${ident(schema)}.`
  for (const { object, children } of unchecked) {
    for (const { id } of [object, ...children])
      run.findings.push({ code: 'object/not-probed', key: keyOf(id), status: 'undetermined', reason, hint })
  }
  const others = queries.filter((query) => !unchecked.has(query))
  if (others.length > 0) await probeUnderRealNames(run, others, all)
}

/** Creates the relations that the queries name, except those that are queries of this run themselves. */
async function createRelations(
  run: ProbeRun,
  involved: readonly QueryObject[],
  moved: ReadonlySet<Key>,
  aside: ReadonlyMap<string, string>,
): Promise<void> {
  const own = new Set(involved.map(({ object }) => keyOf(object.id)))
  const declared = [...new Set(involved.flatMap(({ reads }) => reads))]
    .filter((key) => !own.has(key))
    .flatMap((key) => run.settled.get(key) ?? [])
  // Types of a schema that is aside must be found in the new schema of that name.
  const types = [...run.settled.values()].filter(
    ({ id }) => 'schema' in id && aside.has(id.schema) && byName(id) !== undefined,
  )
  const recreated = [...types, ...declared.filter((object) => isRecreated(object, moved, aside))]
  const created = await createOrBisect(
    run,
    recreated.map((object) => createUnderRealName(run, object)),
  )
  for (const { id } of created) run.createdUnderRealNames.add(keyOf(id))
  await standInByViews(run, involved, recreated, aside, own)
}

/** The statements that create an object under its own name, with references to the stand-ins of other objects. */
function createUnderRealName(run: ProbeRun, object: DeclaredObject) {
  const { probe, create } = kindOf(object.id)
  if (probe.how !== 'read-back' || byName(object.id)) return { object, statements: create(object.id, object.spec) }
  const wanted = run.wanted.get(keyOf(object.id))
  const alone =
    wanted && probe.withoutParents ? { ...object, spec: probe.withoutParents(object.spec, wanted.spec) } : object
  const { spec } = probe.standIn(alone, { schema: '', name: '' }, (id) => run.standIns.get(keyOf(id)) ?? id)
  return { object, statements: create(object.id, spec) }
}

/** Changing relations, and other ones without a query if their schema is aside. */
function isRecreated(object: DeclaredObject, moved: ReadonlySet<Key>, aside: ReadonlyMap<string, string>): boolean {
  const schema = 'schema' in object.id ? object.id.schema : ''
  return moved.has(keyOf(object.id)) || (aside.has(schema) && !kindOf(object.id).query)
}

async function standInByViews(
  run: ProbeRun,
  involved: readonly QueryObject[],
  recreated: readonly DeclaredObject[],
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
  // A renamed relation is also deparsed under its current name, so that name must stay free.
  const former = [...run.elsewhere.values()].flatMap(({ isRenamedByManifest, elsewhere }) =>
    isRenamedByManifest && elsewhere ? [elsewhere] : [],
  )
  const taken = new Set([
    ...former.map(relationText),
    ...recreated.map(({ id }) => relationText(id)),
    ...involved.filter(({ object }) => own.has(keyOf(object.id))).map(({ object }) => relationText(object.id)),
  ])
  const schemaOf = new Map([...aside].map(([schema, name]) => [name, schema]))
  const views = existing.flatMap(({ schema: schemaAside, name }) => {
    const view = qualified(schemaOf.get(schemaAside) ?? schemaAside, name)
    return taken.has(view) ? [] : [sql`CREATE VIEW ${view} AS SELECT * FROM ${qualified(schemaAside, name)}`]
  })
  await run.session.run(join(views, ';\n'))
}

function relationText(id: DeclaredObject['id']): string {
  return 'schema' in id ? qualified(id.schema, id.name) : ''
}

/** Creates the views: first those that others name, under their real names, and then the others. */
async function createViews(
  run: ProbeRun,
  involved: readonly QueryObject[],
  moved: ReadonlySet<Key>,
  probed: readonly QueryObject[],
): Promise<void> {
  const named = involved.filter(({ object }) => moved.has(keyOf(object.id)))
  for (const { object } of named) run.standIns.set(keyOf(object.id), object.id)
  const created = await createOrBisect(
    run,
    named.map(({ object }) => createUnderRealName(run, object)),
  )
  for (const { id } of created) run.createdUnderRealNames.add(keyOf(id))
  const isProbed = new Set(probed.map(({ object }) => object))
  await readStandIns(
    run,
    created.filter((object) => isProbed.has(object)),
  )
  await probeChildren(
    run,
    probed.filter((query) => named.includes(query)),
    created,
  )
  await probeBeside(
    run,
    involved.filter((query) => !named.includes(query)),
  )
}
