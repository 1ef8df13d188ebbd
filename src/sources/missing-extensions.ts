// Explains what would help where something belongs to an extension of a source that does not exist here.

import { ident, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import type { Reason } from './reasons.ts'
import type { RemoteExtension } from './remote-catalog.ts'

export interface ExtensionsHere {
  /** The schemas of extensions, by extension. */
  readonly schemaOf: ReadonlyMap<string, string>
  /** The schemas in which the source has its extensions. */
  readonly schemas: ReadonlySet<string>
}

/** What exists here of the extensions of a source, and of their schemas. */
export async function existingExtensions(session: Session, all: readonly RemoteExtension[]): Promise<ExtensionsHere> {
  if (all.length === 0) return { schemaOf: new Map(), schemas: new Set() }
  const extensions = await session.query<RemoteExtension>(
    trusted(`SELECT extname AS name, nspname AS schema FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace
              WHERE extname = ANY ($1)`),
    [all.map(({ name }) => name)],
  )
  const schemas = await session.query<{ name: string }>(
    trusted('SELECT nspname AS name FROM pg_namespace WHERE nspname = ANY ($1)'),
    [all.map(({ schema }) => schema)],
  )
  return {
    schemaOf: new Map(extensions.map(({ name, schema }) => [name, schema])),
    schemas: new Set(schemas.map(({ name }) => name)),
  }
}

/** @param what it is, as in `type public.citext belongs to` */
export function whyOfExtension(what: string, { name, schema }: RemoteExtension, existing: ExtensionsHere): Reason {
  const own = `extensions: { ${ident(name)}: {${schema === 'public' ? '' : ` schema: ${ident(schema)} `}} }`
  const line = existing.schemas.has(schema) ? own : `${own}, and schemas: { ${ident(schema)}: {} }`
  const here = existing.schemaOf.get(name)
  const reason = `${what} the extension ${name}, which`
  return here === undefined
    ? { reason: `${reason} does not exist here`, hint: `Declare it: ${line}.` }
    : { reason: `${reason} is in schema ${here} here`, hint: `Declare it where the source has it: ${line}.` }
}
