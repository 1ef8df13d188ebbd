// Exports the objects of a database as a manifest.

import type { LiveObject } from '../core/change.ts'
import { groupBy } from '../core/data.ts'
import { type Key, keyOf } from '../core/object.ts'
import { someOf } from '../core/some-of.ts'
import { toolVersion } from '../core/version.ts'
import type { Session } from '../db/session.ts'
import { manifestText } from '../exporter/document.ts'
import { readForExport } from '../exporter/read.ts'
import { schemaComment } from '../exporter/schema-comment.ts'
import { type ExportScope, inScope } from '../exporter/scope.ts'
import { createVariables } from '../exporter/variables.ts'
import type { Stanza } from '../kinds/facets/stanza.ts'
import { declaredKindOf, declaredKinds, kindOf, titleOf } from '../kinds/registry.ts'

export interface ExportOptions extends ExportScope {
  /** The manifest's name. Default: the name of the database. */
  readonly name?: string | undefined
}

export interface Exported {
  /** The manifest, as YAML. */
  readonly text: string
  /** What the manifest leaves out, or what prevents it from being applied. */
  readonly warnings: readonly string[]
}

/**
 * A plan of the exported manifest for the same database has nothing to change. The manifest contains no secrets, but references to
 * variables, which a comment at the top lists.
 * @throws FdwsyncError if a server or schema of the scope does not exist
 */
export async function exportManifest(session: Session, options: ExportOptions): Promise<Exported> {
  const reading = await readForExport(session)
  const chosen = inScope(reading.live, options)
  const unreadable = chosen.flatMap((object) => reasonsUnreadable(object))
  const hidden = new Set(unreadable.map(({ object }) => object))
  const readable = inOrder(chosen.filter((object) => !hidden.has(object)))
  const context = createVariables()
  const written = readable.map((object) => ({
    title: titleOf(object.id),
    ...declaredKindOf(object.id).write(object.id, object.spec, context),
  }))
  const stanzas = written.filter((stanza) => !isImplied(stanza, written))
  const notes = unreadable.map(({ object, reason }) => `${titleOf(object.id)}: ${reason}`)
  const notExported = readable.flatMap(({ id }) =>
    (reading.notExported.get(keyOf(id)) ?? []).map((what) => `${titleOf(id)}: ${what}`),
  )
  const name = options.name ?? session.database
  const comment = [
    schemaComment('fdwsync.yaml'),
    '',
    `Exported by fdwsync ${toolVersion} from the database ${session.database} (PostgreSQL ${session.serverVersionText}).`,
    ...section(
      'Variables to set:',
      context.required.map(({ name, meaning }) => `${name}: ${meaning}`),
    ),
    ...section('Left out, because it could not be read:', notes),
    ...section('Not exported:', notExported),
  ]
  const searchPath = reading.publicShadowsBuiltIns ? ['pg_catalog'] : undefined
  return {
    text: manifestText({ comment, name, searchPath }, stanzas),
    warnings: [
      ...notes.map((note) => `left out: ${note}`),
      ...notExported.map((note) => `not exported: ${note}`),
      ...stanzas.flatMap(({ title, notes = [] }) => notes.map((note) => `${title}: ${note}`)),
      ...ownedByOthers(chosen, reading.owners, name),
    ],
  }
}

function reasonsUnreadable(object: LiveObject): readonly { readonly object: LiveObject; readonly reason: string }[] {
  const hidden = kindOf(object.id).secrets?.hidden?.(object.id, object.spec)
  if (hidden) return [{ object, reason: `${hidden.reason}. ${hidden.hint}` }]
  return object.locked
    ? [
        {
          object,
          reason: 'another session has locked it, with a REFRESH for example. Export again when that has finished.',
        },
      ]
    : []
}

/** The schema public, which every new database has, if nothing is in it. */
function isImplied({ path, value }: Stanza, all: readonly Stanza[]): boolean {
  if (path.join() !== 'schemas,public' || Object.keys(value).length > 0) return false
  return !all.some((other) => other.path.length > 2 && other.path[0] === 'schemas' && other.path[1] === 'public')
}

/** By kind, in the order of creation, and by name within a kind. */
function inOrder(objects: readonly LiveObject[]): readonly LiveObject[] {
  return declaredKinds.flatMap(({ kind }) =>
    objects
      .filter(({ id }) => id.kind === kind)
      .map((object) => ({ object, key: keyOf(object.id) }))
      .sort((left, right) => (left.key < right.key ? -1 : 1))
      .map(({ object }) => object),
  )
}

function ownedByOthers(
  objects: readonly LiveObject[],
  owners: ReadonlyMap<Key, readonly string[]>,
  name: string,
): readonly string[] {
  const owned = objects.flatMap(({ id }) =>
    (owners.get(keyOf(id)) ?? []).filter((owner) => owner !== name).map((owner) => ({ owner, title: titleOf(id) })),
  )
  return Array.from(
    groupBy(owned, ({ owner }) => owner),
    ([owner, all]) => {
      const titles = all.map(({ title }) => title)
      return `${someOf(titles, 3)} ${titles.length === 1 ? 'is' : 'are'} owned by the manifest "${owner}"`
    },
  )
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)]
}
