// Finds out which extension a type comes from that does not exist.

import { ident, trusted } from '../core/sql.ts'
import type { ProbeRun } from './run.ts'

/** Types of widespread extensions. Many others have the name of their extension. */
const extensionOf: Readonly<Record<string, string>> = {
  box3d: 'postgis',
  geography: 'postgis',
  geometry: 'postgis',
  halfvec: 'vector',
  lquery: 'ltree',
  ltxtquery: 'ltree',
  query_int: 'intarray',
  raster: 'postgis_raster',
  sparsevec: 'vector',
}

const unknownType = /^type "(?:.+\.)?(.+?)(?:\[\])*" does not exist$/

const extensionsQuery = trusted(`
  SELECT a.name, n.nspname AS schema
    FROM pg_catalog.pg_available_extensions a
    LEFT JOIN pg_catalog.pg_extension e ON e.extname = a.name
    LEFT JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
   WHERE a.name = ANY ($1)`)

/** Completes the findings of objects with such types. Call it in the probe's transaction. */
export async function suggestExtensions(run: ProbeRun): Promise<void> {
  const names = new Map(
    run.findings.flatMap((finding) => {
      const [, type] = unknownType.exec(finding.reason) ?? []
      return type === undefined ? [] : [[finding, extensionOf[type] ?? type] as const]
    }),
  )
  if (names.size === 0) return
  const available = await run.session.query<Extension>(extensionsQuery, [[...new Set(names.values())]])
  const byName = new Map(available.map((extension) => [extension.name, extension]))
  for (const [at, finding] of run.findings.entries()) {
    const extension = byName.get(names.get(finding) ?? '')
    if (extension) run.findings[at] = { ...finding, hint: hintOn(extension) }
  }
}

interface Extension {
  readonly name: string
  /** Null if it is not installed. */
  readonly schema: string | null
}

function hintOn({ name, schema }: Extension): string {
  return schema === null
    ? `Declare its extension: extensions: { ${name}: {} }. Or have a superuser run: CREATE EXTENSION ${ident(name)};`
    : `The extension ${name} is in schema ${schema}: name the schema, or add it to search_path.`
}
