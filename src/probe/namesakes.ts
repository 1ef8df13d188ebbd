// Scratch schemas that precede their namesakes in search_path. The probe creates the wanted objects of a schema in its
// scratch schema, under their own names. So SQL finds these there and all other objects in the real schema, and no live
// object is renamed or locked.

import type { LiveObject, LiveState } from '../core/change.ts'
import { inverse, mapParts } from '../core/data.ts'
import { idOf, type Key, keyOf, namespaceOf, type ObjectId, relationKey } from '../core/object.ts'
import { Secret } from '../core/secret.ts'
import { ident, join, type Statement, sql, trusted } from '../core/sql.ts'
import { readCatalog } from '../introspector/read-catalog.ts'
import { kindOf } from '../kinds/registry.ts'
import { renameSchemas, requalifyWithFunctions, type SchemaOf } from '../parser/requalify.ts'
import type { ProbeRun } from './run.ts'

/** Creates a scratch schema for each schema of the objects. */
export async function createNamesakes(run: ProbeRun, objects: readonly { readonly id: ObjectId }[]): Promise<void> {
  const schemas = new Set(objects.flatMap(({ id }) => namespaceOf(id) ?? []))
  const missing = [...schemas].filter((schema) => !run.namesakes.has(schema))
  if (missing.length === 0) return
  const created = missing.map((schema, at) => [schema, `${run.scratchSchema}_${run.namesakes.size + at}`] as const)
  await run.session.run(
    join(
      created.map(([, scratch]) => sql`CREATE SCHEMA ${ident(scratch)}`),
      ';\n',
    ),
  )
  for (const [schema, scratch] of created) run.namesakes.set(schema, scratch)
}

/** The manifest's search_path, with each scratch schema before its namesake, which may have another name at present. */
export function probePath({ input, namesakes }: ProbeRun): readonly string[] {
  return input.searchPath.flatMap((schema) => {
    const [scratch, present] = [namesakes.get(schema), input.reading.renamedSchemas?.get(schema) ?? schema]
    return scratch === undefined ? [present] : [scratch, present]
  })
}

/**
 * Rewrites schema-qualified names in statements: to the scratch schema if the probe has created the object, else to the present
 * name of the schema.
 */
export async function inScratchSchemas(
  { namesakes, ownNames, ownFunctions, input }: ProbeRun,
  statements: readonly Statement[],
): Promise<readonly Statement[]> {
  const present = input.reading.renamedSchemas ?? new Map<string, string>()
  const inScratch =
    (names: ReadonlySet<string>): SchemaOf =>
    ({ schema, name }) =>
      schema !== null && names.has(relationKey(schema, name)) ? namesakes.get(schema) : undefined
  const moved = await rewritten(statements, ownNames.size === 0 ? [] : [...namesakes.keys()], (text) =>
    requalifyWithFunctions(text, inScratch(ownNames), inScratch(ownFunctions)),
  )
  return rewritten(moved, [...present.keys()], (text) => renameSchemas(text, present))
}

/** The statements, with the SQL rewritten of those that may name one of these schemas. */
async function rewritten(
  statements: readonly Statement[],
  schemas: readonly string[],
  rewrite: (text: string) => Promise<string>,
): Promise<readonly Statement[]> {
  // This only saves parsing, so false positives are harmless. A name can be in capitals or in U&"…" escapes.
  const mayName = (text: string) =>
    schemas.length > 0 &&
    (/U&"/i.test(text) ||
      schemas.some((schema) => text.toLowerCase().includes(schema.toLowerCase().replaceAll('"', '""'))))
  return Promise.all(
    statements.map(async (statement) =>
      mayName(statement.sql) ? { ...statement, sql: trusted(await rewrite(statement.sql)) } : statement,
    ),
  )
}

/** Reads what the probe has created, with the names of scratch schemas mapped back to their namesakes. */
export async function readScratch(run: ProbeRun, ids: readonly ObjectId[]): Promise<LiveState> {
  const { live: read } = await readCatalog(run.session, ids, run.input.digests.salt, run.scratchSchema)
  const live = await withDeclaredSchemas(run, read)
  if (run.namesakes.size === 0) return live
  const names = Array.from(run.namesakes, ([schema, scratch]) => ({ schema, scratch }))
  const mapText = (text: string) =>
    names.reduce((mapped, { schema, scratch }) => {
      if (!mapped.includes(scratch)) return mapped
      return mapped === scratch ? schema : mapped.replaceAll(`${scratch}.`, () => `${ident(schema)}.`)
    }, text)
  const mapData = (value: unknown): unknown => {
    if (typeof value === 'string') return mapText(value)
    return value instanceof Secret ? value : mapParts(value, mapData)
  }
  const mapId = (id: ObjectId) => mapData(id) as ObjectId // only the schema differs
  return new Map(
    [...live].map(([key, object]) => [
      key,
      { ...object, spec: mapData(object.spec), needs: object.needs.map((need) => mapKey(need, mapId)) },
    ]),
  )
}

/** The text of a query has the present names of schemas. */
async function withDeclaredSchemas({ input }: ProbeRun, live: LiveState): Promise<LiveState> {
  const present = input.reading.renamedSchemas
  if (!present?.size) return live
  const declared = inverse(present)
  const mapId = (id: ObjectId) => ('schema' in id ? { ...id, schema: declared.get(id.schema) ?? id.schema } : id)
  const objects = Array.from(live, async ([key, object]): Promise<readonly [Key, LiveObject]> => {
    const { query } = kindOf(object.id)
    const text = query && (await renameSchemas(query.text(object.spec), declared))
    const spec = query && text !== undefined ? query.withText(object.spec, text) : object.spec
    return [key, { ...object, spec, needs: object.needs.map((need) => mapKey(need, mapId)) }]
  })
  return new Map(await Promise.all(objects))
}

function mapKey(key: Key, mapId: (id: ObjectId) => ObjectId): Key {
  const id = idOf(key)
  return id === undefined ? key : keyOf(mapId(id))
}
