// Several objects as text: how many of which kind, and their names.

import { idOf, type KindName, type ObjectId } from '../../core/object.ts'
import { oneLine } from '../../core/printable.ts'
import { ident } from '../../core/sql.ts'
import { kindNames, titleOf } from '../../kinds/registry.ts'
import { counted } from './layout.ts'

interface Titled {
  readonly key: string
  readonly title: string
}

/** More are listed only with --verbose. */
export const maxListed = 5
const shownOfMany = 3

/** `a, b, c and 67 more`: complete if there are few, or with --verbose. */
export function listed(names: readonly string[], verbose = false): string {
  if (verbose || names.length <= maxListed) return names.join(', ')
  return `${names.slice(0, shownOfMany).join(', ')} and ${names.length - shownOfMany} more`
}

/** The id of an object whose title is that of its id. Other entries of a plan, such as imports, have titles of their own. */
export function idOfTitled({ key, title }: Titled): ObjectId | undefined {
  const id = idOf(key)
  return id && titleOf(id) === title ? id : undefined
}

/** A text that is the same for objects of one kind in one schema. */
export function placeOf(id: ObjectId): string {
  return JSON.stringify([id.kind, containerOf(id)])
}

/** `70 foreign tables in shop_proxy`. All are of the same kind and in the same schema. */
export function countedObjects(ids: readonly ObjectId[]): string {
  const [id] = ids
  if (id === undefined) return ''
  const container = containerOf(id)
  const where =
    container === undefined ? '' : ` ${id.kind === 'userMapping' ? 'on' : 'in'} ${oneLine(ident(container))}`
  return `${counted(ids.length, ...nouns[id.kind])}${where}`
}

/** As {@link placeOf}, but an entry with a title of its own has a text of its own. */
export function placeOfTitled(titled: Titled): string {
  const id = idOfTitled(titled)
  return id ? placeOf(id) : titled.title
}

/** One object by its title, or several of one kind in one schema by their number and their names. */
export function subjectOf(
  alike: readonly Titled[],
  verbose: boolean | undefined,
): { readonly subject: string; readonly names: string } {
  const ids = [...new Map(alike.map((each) => [each.key, idOfTitled(each)])).values()]
  const known = ids.filter((id): id is ObjectId => id !== undefined)
  if (known.length < 2) return { subject: alike[0]?.title ?? '', names: '' }
  return { subject: countedObjects(known), names: listed(known.map(nameInPlace), verbose) }
}

/** The name without its schema. */
export function nameInPlace(id: ObjectId): string {
  if (id.kind !== 'userMapping') return oneLine(ident(id.name))
  return id.role === null ? 'public' : oneLine(ident(id.role))
}

/** `4 indexes`, `1 index`: kinds in the order in which they are created. */
export function countedByKind(byKind: Readonly<Record<string, number>>): readonly string[] {
  return kindNames.flatMap((kind) => (byKind[kind] === undefined ? [] : [counted(byKind[kind], ...nouns[kind])]))
}

function containerOf(id: ObjectId): string | undefined {
  return 'schema' in id ? id.schema : id.kind === 'userMapping' ? id.server : undefined
}

const nouns: Readonly<Record<KindName, readonly [one: string, many: string]>> = {
  extension: ['extension', 'extensions'],
  schema: ['schema', 'schemas'],
  foreignDataWrapper: ['foreign data wrapper', 'foreign data wrappers'],
  type: ['type', 'types'],
  server: ['server', 'servers'],
  userMapping: ['user mapping', 'user mappings'],
  foreignTable: ['foreign table', 'foreign tables'],
  materializedView: ['materialized view', 'materialized views'],
  table: ['table', 'tables'],
  view: ['view', 'views'],
  index: ['index', 'indexes'],
  statistics: ['statistics object', 'statistics objects'],
  refreshPolicy: ['refresh policy', 'refresh policies'],
  scheduledJob: ['scheduled job', 'scheduled jobs'],
}
