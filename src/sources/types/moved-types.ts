// The names of a source's types if a mirror creates them in a schema of its choice (`types_schema`).

import { ident } from '../../core/sql.ts'
import { withTypeNames } from '../../kinds/facets/type-names.ts'
import { isBuiltIn, type TypeRow, type TypeRows } from './remote-type-rows.ts'

export interface MovedTypes {
  readonly rows: TypeRows
  /** SQL of the source, with the names that its types have here. */
  rename(text: string): string
  /** Why two types would have the same name. */
  readonly clash: string | undefined
}

export function movedTypes(rows: TypeRows, schema: string | undefined): MovedTypes {
  if (schema === undefined) return { rows, rename: (text) => text, clash: undefined }
  const own = [...rows.types.values()].filter((row) => !isBuiltIn(row) && row.extension === null)
  const names = new Set(own.map((row) => JSON.stringify([row.schema, row.name])))
  const types = new Map(Array.from(rows.types, ([oid, row]) => [oid, own.includes(row) ? { ...row, schema } : row]))
  const ranges = Array.from(rows.ranges, ([oid, range]) => {
    const multirange = range.multirange && { ...range.multirange, schema }
    return [oid, { ...range, multirange }] as const
  })
  return {
    rows: { ...rows, types, ranges: new Map(ranges) },
    rename: (text) =>
      withTypeNames(text, (id) =>
        id.kind === 'type' && names.has(JSON.stringify([id.schema, id.name])) ? { ...id, schema } : id,
      ),
    clash: clashOf(own.filter(({ element }) => element === null)),
  }
}

function clashOf(own: readonly TypeRow[]): string | undefined {
  const names = own.map(({ name }) => name)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  return twice === undefined ? undefined : `two schemas of the source have a type ${ident(twice)}`
}
