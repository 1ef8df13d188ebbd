// Scratch schemas that precede their namesakes in search_path. What a plan creates or changes in a schema is created in its
// scratch schema, under its own name: SQL finds the wanted objects there, and everything else where it is. Nothing live is
// renamed or locked.
import type { LiveState } from '../core/change.ts'
import { idOf, type Key, keyOf, namespaceOf, type ObjectId, relationKey } from '../core/object.ts'
import { ident, join, type Statement, sql, trusted } from '../core/sql.ts'
import { readCatalog } from '../introspector/read-catalog.ts'
import { requalify } from '../parser/requalify.ts'
import type { ProbeRun } from './run.ts'

/** Creates the scratch schemas for what is to be created under its own name, one for each schema. */
export async function createNamesakes(run: ProbeRun, objects: readonly { readonly id: ObjectId }[]): Promise<void> {
  const schemas = new Set(objects.flatMap(({ id }) => namespaceOf(id) ?? []))
  const created = [...schemas]
    .filter((schema) => !run.namesakes.has(schema))
    .map((schema, at) => [schema, `${run.scratchSchema}_${run.namesakes.size + at}`] as const)
  await run.session.run(
    join(
      created.map(([, scratch]) => sql`CREATE SCHEMA ${ident(scratch)}`),
      ';\n',
    ),
  )
  for (const [schema, scratch] of created) run.namesakes.set(schema, scratch)
}

/** The manifest's search_path, with each scratch schema before its namesake. */
export function probePath({ input, namesakes }: ProbeRun): readonly string[] {
  return input.searchPath.flatMap((schema) => {
    const scratch = namesakes.get(schema)
    return scratch === undefined ? [schema] : [scratch, schema]
  })
}

/** Statements whose names, where they are written with a schema, refer to what was created under its own name. */
export async function inScratchSchemas(
  { namesakes, ownNames }: ProbeRun,
  statements: readonly Statement[],
): Promise<readonly Statement[]> {
  if (ownNames.size === 0) return statements
  const schemas = [...namesakes.keys()]
  const schemaOf = ({ schema, name }: { readonly schema: string | null; readonly name: string }) =>
    schema !== null && ownNames.has(relationKey(schema, name)) ? namesakes.get(schema) : undefined
  // A schema's name may be written with escapes (U&"…"), in capitals, or be part of a longer word: this only saves parsing.
  const mayName = (text: string) =>
    /U&"/i.test(text) ||
    schemas.some((schema) => text.toLowerCase().includes(schema.toLowerCase().replaceAll('"', '""')))
  return Promise.all(
    statements.map(async (statement) =>
      mayName(statement.sql) ? { ...statement, sql: trusted(await requalify(statement.sql, schemaOf)) } : statement,
    ),
  )
}

/** Reads what was created by the probe. Names of scratch schemas are mapped back to those of their namesakes. */
export async function readScratch(run: ProbeRun, ids: readonly ObjectId[]): Promise<LiveState> {
  const { live } = await readCatalog(run.session, ids, run.input.digests.salt)
  if (run.namesakes.size === 0) return live
  const names = Array.from(run.namesakes, ([schema, scratch]) => ({ schema, scratch }))
  const mapText = (text: string) =>
    names.reduce((mapped, { schema, scratch }) => {
      if (!mapped.includes(scratch)) return mapped
      return mapped === scratch ? schema : mapped.replaceAll(`${scratch}.`, () => `${ident(schema)}.`)
    }, text)
  const mapData = (value: unknown): unknown => {
    if (typeof value === 'string') return mapText(value)
    if (Array.isArray(value)) return value.map(mapData)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, mapData(each)]))
  }
  const mapId = (id: ObjectId) => mapData(id) as ObjectId // only the schema differs
  return new Map(
    [...live].map(([key, object]) => [
      key,
      { ...object, spec: mapData(object.spec), needs: object.needs.map((need) => mapKey(need, mapId)) },
    ]),
  )
}

function mapKey(key: Key, mapId: (id: ObjectId) => ObjectId): Key {
  const id = idOf(key)
  return id === undefined ? key : keyOf(mapId(id))
}
