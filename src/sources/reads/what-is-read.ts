// Where rows come from: how the source is connected to, and what is requested from it. Pure.

import type { LiveObject } from '../../core/change.ts'
import { inverse } from '../../core/data.ts'
import type { DbObject, IdOf } from '../../core/object.ts'
import { plainOption } from '../../kinds/facets/options.ts'
import type { ForeignTableSpec } from '../../kinds/foreign-table/spec.ts'
import type { ServerSpec } from '../../kinds/server.ts'

/** What decides how a server is connected to. */
export function connectionOf({ wrapper, type, version, options }: ServerSpec) {
  return { wrapper, type, version, options: comparable(options) }
}

/** A foreign table, under the name that it has now. */
type Named = DbObject<'foreignTable', ForeignTableSpec> & Pick<Partial<LiveObject>, 'renamedFrom' | 'renamedColumns'>

/** What a foreign table reads at its source. Without options, that follows from the names of the table and its columns. */
export function remoteOf({ id, renamedFrom, renamedColumns = new Map(), spec }: Named) {
  const { server, options, columns } = spec
  const { schema, name } = (renamedFrom ?? id) as IdOf<'foreignTable'> // it has kept its kind
  const formerNames = inverse(renamedColumns)
  const remoteColumns = Object.entries(columns).map(([column, { type, options: own }]) => {
    const remoteName = plainOption(own, 'column_name') ?? formerNames.get(column) ?? column
    return [column, { name: remoteName, type, options: comparable(own) }] as const
  })
  return {
    server,
    names: [plainOption(options, 'schema_name') ?? schema, plainOption(options, 'table_name') ?? name],
    options: comparable(options),
    columns: Object.fromEntries(remoteColumns),
  }
}

/** Secrets are compared by their digests. */
function comparable(options: ServerSpec['options']) {
  return Object.entries(options)
    .map(([name, value]) => [name, typeof value === 'string' ? value : value.digest, typeof value])
    .toSorted()
}
