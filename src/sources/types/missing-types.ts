// Explains which types of a source do not exist here, and what would help.

import { trusted } from '../../core/sql.ts'
import type { Session } from '../../db/session.ts'
import { type ExtensionsHere, existingExtensions, whyOfExtension } from '../missing-extensions.ts'
import type { Reason } from '../reasons.ts'
import type { RemoteType } from './remote-types.ts'

/** The types of a source that do not exist here, by title. */
export async function missingTypes(session: Session, all: readonly RemoteType[]): Promise<ReadonlyMap<string, Reason>> {
  const names = all.map(({ schema, name, title }) => ({ schema, name, title }))
  const found = await session.query<{ title: string }>(
    trusted(`SELECT w.title FROM jsonb_to_recordset($1) AS w(schema name, name name, title text)
               JOIN pg_namespace n ON n.nspname = w.schema JOIN pg_type t ON t.typnamespace = n.oid AND t.typname = w.name`),
    [JSON.stringify(names)],
  )
  const here = new Set(found.map(({ title }) => title))
  const missing = all.filter(({ title }) => !here.has(title))
  const existing = await existingExtensions(
    session,
    missing.flatMap(({ extension }) => extension ?? []),
  )
  return new Map(missing.map((type) => [type.title, whyMissing(type, existing)]))
}

function whyMissing({ title, sort, spec, extension }: RemoteType, existing: ExtensionsHere): Reason {
  if (extension) return whyOfExtension(`type ${title} belongs to`, extension, existing)
  if (spec) return { reason: `type ${title} does not exist here`, hint: '' }
  const hint = 'Create a type of that name here, or exclude the table with except.'
  return { reason: `type ${title} is ${sort} at the source, which cannot be copied`, hint }
}

/**
 * Why a table cannot be imported: all its missing types, where PostgreSQL reports only the first. Undefined if no type is missing
 * and the reason is another one.
 * @param failed types that could not be created
 */
export function whyNotImported(
  titles: readonly string[],
  missing: ReadonlyMap<string, Reason>,
  failed: ReadonlyMap<string, Reason>,
  copies: boolean,
): Reason | undefined {
  const reasons = titles.flatMap((title) => failed.get(title) ?? missing.get(title) ?? [])
  if (reasons.length === 0) return undefined
  const hints = reasons.map(({ hint }) => hint)
  const copy =
    copies || !hints.includes('')
      ? ''
      : 'Add "types: copy" to the import, which creates the types here, or declare them.'
  return {
    reason: [...new Set(reasons.map(({ reason }) => reason))].join('; '),
    hint: [...new Set([...hints, copy])].filter((hint) => hint !== '').join(' '),
  }
}
